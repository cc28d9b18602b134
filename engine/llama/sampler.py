"""llama.cpp's own sampler chain, built from a request; sampling in C keeps the GIL out of decode."""

from __future__ import annotations

import math
import secrets
from typing import Any

from engine.contract import BadConstraint, Request, Sampling
from engine.llama.grammar import Grammar, gbnf_of
from engine.llama.library import llama
from engine.llama.model import LlamaModel

_SEED_BITS = 31
#: What -1 looks back over: llama.cpp's own chain would take it for nothing at all.
_WHOLE_CONTEXT = 1 << 20


def draw_seed(sampling: Sampling) -> int:
    """The seed asked for, else a fresh one (so that every answer can be asked for again)."""
    return secrets.randbits(_SEED_BITS) if sampling.seed is None else sampling.seed


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


def bias_tokens(request: Request, model: LlamaModel) -> dict[int, float]:
    """Bias by token. A text must be one token. Raises `BadConstraint`."""
    biases: dict[int, float] = {}
    for what, bias in request.logit_bias:
        token = what
        if isinstance(what, str):
            tokens = model.tokenize(what, special=False, parse=True)
            if len(tokens) != 1:
                listed = ", ".join(map(str, tokens)) or "none"
                raise BadConstraint(
                    f"a bias is for one token, and {what!r} is {len(tokens)} of them ({listed}): "
                    "give a token's number, or a text that is one token"
                )
            token = tokens[0]
        if not math.isfinite(bias):
            raise BadConstraint(f"the bias of token {token} is {bias}: give a finite number, such as -100")
        if not 0 <= int(token) < model.vocab_size:
            raise BadConstraint(f"there is no token {token}: the vocabulary has {model.vocab_size:,}")
        biases[int(token)] = biases.get(int(token), 0.0) + bias
    return biases
