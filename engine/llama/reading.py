"""Logits of a whole text, for scoring and for tests: read on a free sequence, without sampling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.contract import PromptTooLong
from engine.llama.cache import PrefixCache, Slot
from engine.llama.context import ActiveAdapters, LlamaContext, Row

Logits = NDArray[np.float32]


def read_logits(
    context: LlamaContext,
    cache: PrefixCache,
    tokens: Sequence[int],
    adapters: ActiveAdapters,
    first: int | None,
) -> Logits:
    """Logits (tokens × vocabulary) from token ``first`` on, of which what came before may be known already.

    None: all of them, read afresh and so always in the same batches. Raises `PromptTooLong`.
    """
    if len(tokens) > context.size:
        raise PromptTooLong(len(tokens), context.size)
    slot = cache.acquire(tokens[: (first or 0) + 1], adapters)
    try:
        if first is None:
            cache.keep(slot, 0)
        context.stop.set(False)
        context.set_adapters(adapters)
        return np.stack(list(_rows(context, slot, tokens, first or 0)))
    finally:
        cache.mend(slot)
        cache.release(slot)


def log_likelihoods(rows: Logits, tokens: Sequence[int]) -> list[float]:
    """Natural logarithm of the probability of each of ``tokens`` after the row of logits before it."""
    wide = rows[: len(tokens)].astype(np.float64)
    peak = wide.max(axis=1, keepdims=True, initial=-np.inf)
    norm = peak[:, 0] + np.log(np.exp(wide - peak).sum(axis=1))
    return [float(wide[at, token] - norm[at]) for at, token in enumerate(tokens)]


def _rows(context: LlamaContext, slot: Slot, tokens: Sequence[int], first: int) -> Iterator[Logits]:
    while (done := len(slot.tokens)) < len(tokens):
        step = tokens[done : done + context.options.batch]
        context.decode(
            [Row(token, slot.sequence, done + at, done + at >= first) for at, token in enumerate(step)]
        )
        slot.tokens.extend(step)
        for at in range(len(step)):
            if done + at >= first:
                yield context.logits(at)
