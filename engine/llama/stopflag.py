"""A flag that ends a decode under way, seen by llama.cpp without taking the GIL."""

from __future__ import annotations

import ctypes

from engine.llama.library import llama


class StopFlag:
    """llama.cpp asks it before every operation of a graph.

    The callback is C's own ``strlen`` over the flag's byte: 0 (go on) for an empty string, 1 for "x".
    A Python callback here would be called about a thousand times a token.
    """

    def __init__(self) -> None:
        self._byte = ctypes.create_string_buffer(2)
        strlen = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p).value
        self.callback = llama.ggml_abort_callback(strlen)
        self.data = ctypes.cast(self._byte, ctypes.c_void_p)

    def set(self, raised: bool) -> None:
        """Raise or lower the flag; seen within one operation of the graph. From any thread."""
        self._byte[0] = b"x" if raised else b"\0"
