"""llama.cpp's own sampler chain, built from a request; sampling in C keeps the GIL out of decode."""

from __future__ import annotations

from typing import Any

from engine.bias import bias_tokens
from engine.contract import Request, Sampling
from engine.llama.grammar import Grammar, gbnf_of
from engine.llama.library import llama
from engine.llama.model import LlamaModel

#: What -1 looks back over: llama.cpp's own chain would take it for nothing at all.
_WHOLE_CONTEXT = 1 << 20


class Sampler:
    """One request's chain: bias, penalties, top-k, top-p, min-p, temperature, draw; greedy at temperature 0.

    ``waiting``: thinking comes first, and the grammar holds only from `hold` on. Raises `BadConstraint` for
    a grammar, schema or bias that cannot be used.
    """

    def __init__(self, request: Request, seed: int, model: LlamaModel, waiting: bool = False) -> None:
        biases = bias_tokens(request, model)
        gbnf = gbnf_of(request)
        self._grammar = None if gbnf is None else Grammar(gbnf, model)
        self._held = not waiting
        self.handle: Any = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
        if biases:
            array = (llama.llama_logit_bias * len(biases))(*biases.items())
            self._add(llama.llama_sampler_init_logit_bias(model.vocab_size, len(biases), array))
        self._add_sampling(request.sampling, seed, model.vocab_size)

    def _add_sampling(self, sampling: Sampling, seed: int, vocab_size: int) -> None:
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

    def sample(self, context: Any, row: int, forced: int | None = None) -> int:
        """The next token from the logits of ``row``; or ``forced``, which the chain then remembers."""
        if forced is not None:
            llama.llama_sampler_accept(self.handle, forced)
            return forced
        if self._held and self._grammar is not None:
            return self._grammar.choose(self.handle, context, row)
        return int(llama.llama_sampler_sample(self.handle, context, row))

    def hold(self) -> None:
        """The thinking is over: the answer begins, and what it is held to with it."""
        self._held = True

    def free(self) -> None:
        """Give the chain, the grammar and everything in them back."""
        if self._grammar is not None:
            self._grammar.free()
        llama.llama_sampler_free(self.handle)
