"""Decode at depth: as tuned for this machine, and with llama.cpp's own defaults."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from benchmarks.report import alternate, ratio, say, spread
from engine.llama.context import default_threads
from engine.llama.library import llama
from engine.llama.model import LlamaModel
from engine.llama.tuning import Tuning, measure
from tui.core.models import starter_model

DEPTHS = (0, 512, 1024)
TOKENS = 24
ROUNDS = 7
_CONTEXT = 2048


class Bare:
    """A plain context: ``tuning`` None leaves everything to llama.cpp, ``threads`` excepted where given."""

    def __init__(self, model: LlamaModel, tuning: Tuning | None, threads: int | None = None) -> None:
        params = llama.llama_context_default_params()
        params.n_ctx = _CONTEXT
        if tuning is not None:
            params.n_threads = params.n_threads_batch = tuning.threads
            params.n_batch = params.n_ubatch = tuning.batch
            if tuning.flash is not None:
                params.flash_attn_type = int(tuning.flash)
        elif threads is not None:
            params.n_threads = params.n_threads_batch = threads
        self._step = int(params.n_ubatch)
        self._handle: Any = llama.llama_init_from_model(model.handle, params)
        self._memory = llama.llama_get_memory(self._handle)

    def decode(self, depth: int) -> float:
        """Tokens per second of decoding after ``depth`` tokens, which are read before."""
        llama.llama_memory_clear(self._memory, False)
        for start in range(0, depth, self._step):
            self._feed([token % 1000 + 100 for token in range(start, min(depth, start + self._step))])
        self._feed([500])
        began = time.perf_counter()
        for _ in range(TOKENS):
            self._feed([500])
        return TOKENS / (time.perf_counter() - began)

    def _feed(self, tokens: list[int]) -> None:
        array = (llama.llama_token * len(tokens))(*tokens)
        if llama.llama_decode(self._handle, llama.llama_batch_get_one(array, len(tokens))):
            raise RuntimeError("llama.cpp failed to decode")
        llama.llama_synchronize(self._handle)

    def free(self) -> None:
        llama.llama_free(self._handle)


def main() -> None:
    """Print the table of depths."""
    path = starter_model()
    assert path is not None
    model = LlamaModel(path, 0, lambda _fraction: True)
    tuning = measure(model, lambda _fraction: True)
    say("Tuned for this machine")
    for sentence in tuning.sentences():
        say(f"  {sentence}")
    contexts = {
        "tuned": Bare(model, tuning),
        "default": Bare(model, None),
        "same": Bare(model, None, default_threads()),
    }
    say(f"Decode at depth, {TOKENS} tokens, {ROUNDS} alternating rounds")
    for depth in DEPTHS:
        figures = alternate({name: partial(one.decode, depth) for name, one in contexts.items()}, ROUNDS)
        say(f"  depth {depth:,}")
        say(f"    {'tuned':<40} {spread(figures['tuned'], 'tok/s')}")
        say(f"    {'llama.cpp default (4 threads, flash auto)':<40} {spread(figures['default'], 'tok/s')}")
        say(f"    {'the same with as many threads as cores':<40} {spread(figures['same'], 'tok/s')}")
        say(f"    {'tuned / default':<40} {ratio(figures['tuned'], figures['default'])}")
        say(f"    {'tuned / default with our threads':<40} {ratio(figures['tuned'], figures['same'])}")
    for one in contexts.values():
        one.free()
    model.free()
