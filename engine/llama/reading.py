"""Logits of a whole text, always read in the same batches: on a free sequence, without sampling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.contract import PromptTooLong
from engine.llama.cache import PrefixCache
from engine.llama.context import ActiveAdapters, LlamaContext, Row

Logits = NDArray[np.float32]


def read_logits(
    context: LlamaContext, cache: PrefixCache, tokens: Sequence[int], adapters: ActiveAdapters
) -> Logits:
    """Logits (tokens × vocabulary), read afresh. Raises `PromptTooLong`."""
    if len(tokens) > context.size:
        raise PromptTooLong(len(tokens), context.size)
    slot = cache.acquire(tokens[:1], adapters)
    try:
        cache.keep(slot, 0)
        context.stop.set(False)
        context.set_adapters(adapters)
        read: list[Logits] = []
        while (done := len(slot.tokens)) < len(tokens):
            step = tokens[done : done + context.options.batch]
            context.decode([Row(token, slot.sequence, done + at, True) for at, token in enumerate(step)])
            slot.tokens.extend(step)
            read.extend(context.logits(at) for at in range(len(step)))
        return np.stack(read)
    finally:
        cache.mend(slot)
        cache.release(slot)
