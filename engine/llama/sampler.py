"""llama.cpp's own sampler chain, built from `Sampling`; sampling in C keeps the GIL out of decode."""

from __future__ import annotations

import secrets
from typing import Any

from engine.contract import Sampling
from engine.llama.library import llama

_SEED_BITS = 31
#: What -1 looks back over: llama.cpp's own chain would take it for nothing at all.
_WHOLE_CONTEXT = 1 << 20


def draw_seed(sampling: Sampling) -> int:
    """The seed asked for, else a fresh one (so that every answer can be asked for again)."""
    return secrets.randbits(_SEED_BITS) if sampling.seed is None else sampling.seed


class Sampler:
    """One request's chain: penalties, top-k, top-p, min-p, temperature, draw. Greedy at temperature 0."""

    def __init__(self, sampling: Sampling, seed: int, vocab_size: int) -> None:
        self.handle: Any = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
        penalties = (sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty)
        if penalties != (1.0, 0.0, 0.0) and sampling.repeat_last_n != 0:
            last_n = sampling.repeat_last_n if sampling.repeat_last_n > 0 else _WHOLE_CONTEXT
            self._add(llama.llama_sampler_init_penalties(vocab_size, last_n, *penalties))
        if sampling.temperature <= 0:
            self._add(llama.llama_sampler_init_greedy())
            return
        if sampling.top_k > 0:
            self._add(llama.llama_sampler_init_top_k(sampling.top_k))
        if sampling.top_p < 1:
            self._add(llama.llama_sampler_init_top_p(sampling.top_p, 1))
        if sampling.min_p > 0:
            self._add(llama.llama_sampler_init_min_p(sampling.min_p, 1))
        self._add(llama.llama_sampler_init_temp(sampling.temperature))
        self._add(llama.llama_sampler_init_dist(seed))

    def _add(self, sampler: Any) -> None:
        llama.llama_sampler_chain_add(self.handle, sampler)

    def free(self) -> None:
        """Give the chain and everything in it back."""
        llama.llama_sampler_free(self.handle)
