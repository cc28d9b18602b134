"""One llama.cpp context with several sequences: adapters set, tokens decoded, K and V kept, saved, restored.

It does not know what its sequences hold: `engine.llama.cache` keeps that account.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from engine.contract import GenerationFailed, ModelUnusable
from engine.llama.library import llama, recent_log
from engine.llama.model import LlamaModel
from engine.llama.stopflag import StopFlag
from engine.plan.need import KvKind

_KV_TYPES: dict[KvKind, int] = {"f16": llama.GGML_TYPE_F16, "q8_0": llama.GGML_TYPE_Q8_0}
_ABORTED = 2
_NO_ROOM = 1


@dataclass(frozen=True, slots=True)
class ActiveAdapter:
    """A loaded adapter at a scale. The serial number tells adapters apart whose pointers are the same."""

    serial: int
    scale: float
    handle: Any = field(compare=False)


#: What is part of a decode, and what K and V were made with; empty is the base model.
ActiveAdapters = tuple[ActiveAdapter, ...]


@dataclass(frozen=True, slots=True)
class ContextOptions:
    """How a context is opened: ``tokens`` for each of ``sequences``, ``batch`` (or as many) in one decode.

    ``flash`` None leaves flash attention to llama.cpp; K and V in q8_0 (``kv``) need it. ``window_only``
    keeps no more of sliding-window layers than their window: less memory, but what was read cannot be
    shortened.
    """

    tokens: int
    threads: int
    sequences: int = 1
    batch: int = 256
    flash: bool | None = None
    window_only: bool = False
    kv: KvKind = "f16"


@dataclass(frozen=True, slots=True)
class Row:
    """One token of a decode: ``position`` counts from 0 in its ``sequence``; ``logits``: are they wanted."""

    token: int
    sequence: int
    position: int
    logits: bool


def default_threads() -> int:
    """Physical cores that this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


class Aborted(Exception):
    """A decode was given up because the stop flag was raised."""


class LlamaContext:
    """Used from one thread only, ``stop`` excepted. Every sequence has cells of its own, so that one does
    not pay for the depth of another.
    """

    def __init__(self, model: LlamaModel, options: ContextOptions) -> None:
        # Every sequence must find room for a token in one decode: llama.cpp ends the process otherwise.
        options = replace(options, batch=max(options.batch, options.sequences))
        self.model, self.options = model, options
        self.stop = StopFlag()
        recent_log(clear=True)
        self.handle: Any = llama.llama_init_from_model(model.handle, self._params())
        if not self.handle:
            reason = (recent_log() or ["it gave no reason"])[-1]
            raise ModelUnusable(
                f"no context of {options.tokens:,} tokens for each of {options.sequences} answers at once "
                f"could be opened for {model.path.name}; llama.cpp said: {reason}. "
                "Ask for a smaller one (--context) or for fewer (--slots)"
            )
        self.size = int(llama.llama_n_ctx_seq(self.handle))
        self._memory = llama.llama_get_memory(self.handle)
        self._batch = llama.llama_batch_init(options.batch, 0, 1)
        self._adapters: ActiveAdapters = ()
        self._window = int(llama.llama_model_n_swa(model.handle))
        #: A state that goes on from its last token only: wanted again, it has to be kept by then.
        self.recurrent = bool(
            llama.llama_model_is_recurrent(model.handle) or llama.llama_model_is_hybrid(model.handle)
        )

    def _params(self) -> Any:
        options, params = self.options, llama.llama_context_default_params()
        params.n_ctx = options.tokens * options.sequences
        params.n_batch = params.n_ubatch = options.batch
        params.n_seq_max = options.sequences
        params.n_threads = params.n_threads_batch = options.threads
        if options.flash is not None:
            params.flash_attn_type = (
                llama.LLAMA_FLASH_ATTN_TYPE_ENABLED if options.flash else llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
            )
        params.type_k = params.type_v = _KV_TYPES[options.kv]
        params.swa_full = not options.window_only
        params.kv_unified = False
        params.abort_callback = self.stop.callback
        params.abort_callback_data = self.stop.data
        params.no_perf = True
        return params

    def free(self) -> None:
        """Clear every adapter, then give the context back."""
        self.set_adapters(())
        llama.llama_batch_free(self._batch)
        llama.llama_free(self.handle)

    def set_threads(self, count: int) -> None:
        """Threads that compute from the next decode on."""
        llama.llama_set_n_threads(self.handle, count, count)

    def set_adapters(self, active: ActiveAdapters) -> None:
        """Make these adapters, and no others, part of every decode from now on."""
        if active == self._adapters:
            return
        pointers = (llama.llama_adapter_lora_p_ctypes * max(1, len(active)))(*(one.handle for one in active))
        scales = (ctypes.c_float * max(1, len(active)))(*(one.scale for one in active))
        llama.llama_set_adapters_lora(self.handle, pointers, len(active), scales)
        self._adapters = active

    def uses(self, serial: int) -> bool:
        """Whether the adapter with this serial number is set now."""
        return any(adapter.serial == serial for adapter in self._adapters)

    def decode(self, rows: Sequence[Row]) -> None:
        """Read rows, in order of sequence. Raises `Aborted`, `GenerationFailed`: what the sequences of the
        rows then hold after their first position here is not known.
        """
        batch = self._batch
        batch.n_tokens = len(rows)
        for index, row in enumerate(rows):
            batch.token[index] = row.token
            batch.pos[index] = row.position
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = row.sequence
            batch.logits[index] = row.logits
        result = llama.llama_decode(self.handle, batch)
        if result == _ABORTED:
            raise Aborted
        if result == _NO_ROOM:
            raise GenerationFailed(f"the context of {self.size:,} tokens has no room left")
        if result:
            raise GenerationFailed(
                f"llama.cpp failed to decode (code {result}): {' '.join(recent_log()[-1:])}"
            )

    def synchronize(self) -> None:
        """Wait until what was decoded is computed."""
        llama.llama_synchronize(self.handle)

    def logits(self, index: int = -1) -> NDArray[np.float32]:
        """Logits (vocabulary,) of the last decode's row ``index``, copied."""
        pointer = llama.llama_get_logits_ith(self.handle, index)
        return np.ctypeslib.as_array(pointer, shape=(self.model.vocab_size,)).copy()

    def clear(self, sequence: int) -> None:
        """Forget all of a sequence (its cells are marked free, not overwritten)."""
        llama.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def cut(self, sequence: int, length: int) -> bool:
        """Forget everything from position ``length`` on; False (and nothing is left) where that cannot be."""
        if self.first_cut(sequence) <= length and llama.llama_memory_seq_rm(
            self._memory, sequence, length, -1
        ):
            return True
        self.clear(sequence)
        return False

    def first_cut(self, sequence: int) -> int:
        """The shortest length that a sequence may be cut to and still be whole.

        0 for plain attention. A sliding window must still have all that the next token looks back on; a
        recurrent state is that of the last token alone.
        """
        first = int(llama.llama_memory_seq_pos_min(self._memory, sequence))
        if first <= 0:
            return 0
        return first + max(self._window, 1)

    def first_cut_saved(self, sequence: int, length: int) -> int:
        """The same for a copy of a sequence of ``length`` tokens: `save` leaves out what left the window."""
        return length if 0 < self._window < length else self.first_cut(sequence)

    def save(self, sequence: int) -> bytearray:
        """All that a sequence holds."""
        blob = bytearray(llama.llama_state_seq_get_size(self.handle, sequence))
        view = (ctypes.c_uint8 * len(blob)).from_buffer(blob)
        written = llama.llama_state_seq_get_data(self.handle, view, len(blob), sequence)
        return blob[:written] if written < len(blob) else blob

    def restore(self, sequence: int, blob: bytearray) -> bool:
        """Put back what `save` gave, in place of what the sequence holds; False when it was refused."""
        self.clear(sequence)
        view = (ctypes.c_uint8 * len(blob)).from_buffer(blob)
        if llama.llama_state_seq_set_data(self.handle, view, len(blob), sequence):
            return True
        self.clear(sequence)
        return False
