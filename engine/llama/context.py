"""One llama.cpp context: the K and V that have been read, the adapters set on it, one decode at a time.

The owner of what is in the cache: `prepare` answers how much of a prompt is already there.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from engine.contract import GenerationFailed, ModelUnusable
from engine.llama.library import llama, recent_log, supports_gpu
from engine.llama.model import LlamaModel

#: Tokens read per step: prefill is within 5 % of its best from 128 on, and a step is a unit of progress.
STEP = 256
_SEQUENCE = 0
_ABORTED = 2
_NO_ROOM = 1

#: ``(adapter pointer, serial number, scale)``. The serial tells adapters apart that reuse an address.
ActiveAdapters = tuple[tuple[Any, int, float], ...]


@dataclass(frozen=True, slots=True)
class ContextOptions:
    """How a context is opened; ``tokens`` is its size."""

    tokens: int
    threads: int


def default_threads() -> int:
    """Physical cores that this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


class Aborted(Exception):
    """A decode was given up because the stop flag was raised."""


class StopFlag:
    """A flag that llama.cpp asks before every operation of a graph, without taking the GIL.

    The callback is C's own ``strlen`` over the flag's byte: 0 (go on) for an empty string, 1 for "x".
    A Python callback here would be called about a thousand times a token.
    """

    def __init__(self) -> None:
        self._byte = ctypes.create_string_buffer(2)
        strlen = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p).value
        self.callback = llama.ggml_abort_callback(strlen)
        self.data = ctypes.cast(self._byte, ctypes.c_void_p)

    def set(self, raised: bool) -> None:
        """Raise or lower the flag; seen within one operation of the graph."""
        self._byte[0] = b"x" if raised else b"\0"

    @property
    def raised(self) -> bool:
        return self._byte[0] != b"\0"


class LlamaContext:
    """A context with one sequence. Used from the engine's own thread only, `stop` excepted."""

    def __init__(self, model: LlamaModel, options: ContextOptions) -> None:
        self.model, self.size = model, options.tokens
        self.stop = StopFlag()
        params = llama.llama_context_default_params()
        params.n_ctx = options.tokens
        params.n_batch = params.n_ubatch = STEP
        params.n_seq_max = 1
        params.n_threads = params.n_threads_batch = options.threads
        # On a CPU flash attention halves decode at a depth of 1,024; on a GPU llama.cpp knows best.
        params.flash_attn_type = (
            llama.LLAMA_FLASH_ATTN_TYPE_AUTO if supports_gpu() else llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        params.abort_callback = self.stop.callback
        params.abort_callback_data = self.stop.data
        params.no_perf = True
        recent_log(clear=True)
        self.handle: Any = llama.llama_init_from_model(model.handle, params)
        if not self.handle:
            reason = (recent_log() or ["it gave no reason"])[-1]
            raise ModelUnusable(
                f"no context of {options.tokens:,} tokens could be opened for {model.path.name}; "
                f"llama.cpp said: {reason}. Ask for a smaller one (--context)"
            )
        self._memory = llama.llama_get_memory(self.handle)
        self._batch = llama.llama_batch_init(STEP, 0, 1)
        self._read: list[int] = []
        self._adapters: ActiveAdapters = ()

    def free(self) -> None:
        """Clear every adapter, then give the context back."""
        self.set_adapters(())
        llama.llama_batch_free(self._batch)
        llama.llama_free(self.handle)

    def set_adapters(self, active: ActiveAdapters) -> None:
        """Make these adapters, and no others, part of every decode; what others read is forgotten."""
        active = tuple(adapter for adapter in active if adapter[2] != 0.0)
        if active == self._adapters:
            return
        self.clear()
        pointers = (llama.llama_adapter_lora_p_ctypes * max(1, len(active)))(*(a[0] for a in active))
        scales = (ctypes.c_float * max(1, len(active)))(*(a[2] for a in active))
        llama.llama_set_adapters_lora(self.handle, pointers, len(active), scales)
        self._adapters = active

    def uses(self, serial: int) -> bool:
        """Whether the adapter with this serial number is set now."""
        return any(adapter[1] == serial for adapter in self._adapters)

    def clear(self) -> None:
        """Forget everything that was read (the cells are marked free, not overwritten: that takes 1.5 ms)."""
        llama.llama_memory_clear(self._memory, False)
        self._read = []

    def prepare(self, tokens: Sequence[int]) -> int:
        """Keep the longest beginning of ``tokens`` that is in the cache, drop the rest; how many are kept.

        At least the last token is always left to be read, because its logits are wanted. Where a part of
        a sequence cannot be removed (sliding window, recurrent state) everything is read again.
        """
        keep = 0
        for ours, theirs in zip(self._read, tokens[:-1], strict=False):
            if ours != theirs:
                break
            keep += 1
        if keep < len(self._read):
            self._trim(keep)
        return len(self._read)

    def _trim(self, keep: int) -> None:
        if keep and llama.llama_memory_seq_rm(self._memory, _SEQUENCE, keep, -1):
            del self._read[keep:]
        else:
            self.clear()

    def decode(self, tokens: Sequence[int], *, all_logits: bool = False) -> None:
        """Read up to `STEP` tokens after what has been read. Raises `Aborted`, `GenerationFailed`."""
        start, batch = len(self._read), self._batch
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = start + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = _SEQUENCE
            batch.logits[index] = all_logits
        batch.logits[len(tokens) - 1] = True
        result = llama.llama_decode(self.handle, batch)
        if result == 0:
            self._read.extend(tokens)
            return
        self._trim(start)
        if result == _ABORTED:
            raise Aborted
        if result == _NO_ROOM:
            raise GenerationFailed(f"the context of {self.size:,} tokens has no room left")
        raise GenerationFailed(f"llama.cpp failed to decode (code {result}): {' '.join(recent_log()[-1:])}")

    @property
    def used(self) -> int:
        """Tokens in the cache."""
        return len(self._read)

    def logits(self, index: int = -1) -> NDArray[np.float32]:
        """Logits (vocabulary,) of the last decode's token at ``index``, copied."""
        pointer = llama.llama_get_logits_ith(self.handle, index)
        return np.ctypeslib.as_array(pointer, shape=(self.model.vocab_size,)).copy()
