"""What llama.cpp really allocates, from its own log."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager

from engine.llama import library
from engine.llama.library import llama

_LINE = re.compile(r"(\S+) +(model|KV|output|compute) buffer size = +([\d.]+) MiB")


@contextmanager
def allocations() -> Iterator[dict[str, float]]:
    """MiB by what they are for (``copies`` are of weights), filled in when the block ends."""
    lines: list[str] = []
    sizes: dict[str, float] = {}

    def keep(_level: int, text: bytes, _user_data: object) -> None:
        lines.append(text.decode("utf-8", "replace"))

    callback = llama.llama_log_callback(keep)
    llama.llama_log_set(callback, ctypes.c_void_p(0))
    try:
        yield sizes
    finally:
        llama.llama_log_set(library._callback, ctypes.c_void_p(0))
    for where, what, size in _LINE.findall("".join(lines)):
        part = "copies" if where == "CPU_REPACK" else what
        sizes[part] = sizes.get(part, 0.0) + float(size)
