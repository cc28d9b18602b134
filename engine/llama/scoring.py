"""How likely several continuations of one prompt are: the prompt is read once, they are read side by side.

It must not know what the tokens mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract import PromptTooLong
from engine.llama.cache import PrefixCache, Slot
from engine.llama.context import ActiveAdapters, LlamaContext, Row

Tokens = Sequence[int]


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores on the sequences that are free; what they held is parked first, by the cache's own rules."""

    context: LlamaContext
    cache: PrefixCache

    def score(self, prompt: Tokens, ends: Sequence[Tokens], adapters: ActiveAdapters) -> list[list[float]]:
        """Natural logarithm of the probability of every token of each of ``ends`` after ``prompt``.

        The order of ``ends`` changes nothing: they are taken by length. Raises `PromptTooLong`.
        """
        longest = len(prompt) + max((len(end) for end in ends), default=0)
        if longest > self.context.size:
            raise PromptTooLong(longest, self.context.size)
        self.context.stop.set(False)
        self.context.set_adapters(adapters)
        first, home = self._read_prompt(prompt, adapters)
        scores = [[first(end[0])] if end else [] for end in ends]
        # All but the first token of an end have to be read to be known, the last one not at all.
        waiting = sorted((end[:-1], at) for at, end in enumerate(ends) if len(end) > 1)
        waiting.sort(key=lambda pair: len(pair[0]))
        if waiting and self.context.recurrent:
            self.cache.checkpoint(home)
        while waiting:
            with self._copies(prompt, len(waiting), adapters, home) as slots:
                together, waiting = waiting[: len(slots)], waiting[len(slots) :]
                texts = [[*prompt, *read] for read, _at in together]
                rows = self._read(slots, texts, len(prompt))
                for (_read, at), found in zip(together, rows, strict=True):
                    following = zip(found, ends[at][1:], strict=True)
                    scores[at].extend(of(token) for of, token in following)
        return scores

    def _read_prompt(self, prompt: Tokens, adapters: ActiveAdapters) -> tuple[_Likelihood, Slot]:
        slot = self.cache.acquire(prompt, adapters, passing=True)
        try:
            ((first,),) = self._read([slot], [prompt], len(prompt) - 1)
            return first, slot
        finally:
            self.cache.mend(slot)
            self.cache.release(slot)

    @contextmanager
    def _copies(
        self, prompt: Tokens, count: int, adapters: ActiveAdapters, home: Slot
    ) -> Iterator[list[Slot]]:
        """As many sequences as there are free, ``count`` at most, that hold the prompt; ``home`` keeps it."""
        slots: list[Slot] = []
        try:
            while len(slots) < count and self.cache.has_free():
                slots.append(self.cache.acquire([*prompt, -1], adapters, passing=True))
            slots.sort(key=lambda slot: slot.sequence)  # llama.cpp takes neighbours together
            yield slots
        finally:
            for slot in slots:
                self.cache.mend(slot)
                self.cache.keep(slot, len(prompt) if slot is home else 0)
                self.cache.release(slot)

    def _read(self, slots: Sequence[Slot], texts: Sequence[Tokens], start: int) -> list[list[_Likelihood]]:
        """What follows every token from ``start`` on in each of ``texts``; what is not held is read too."""
        found: list[list[_Likelihood]] = [[] for _ in slots]
        todo = [
            (which, Row(text[at], slot.sequence, at, at >= start))
            for which, (slot, text) in enumerate(zip(slots, texts, strict=True))
            for at in range(len(slot.tokens), len(text))
        ]
        size = self.context.options.batch
        for begin in range(0, len(todo), size):
            step = todo[begin : begin + size]
            self.context.decode([row for _which, row in step])
            for index, (which, row) in enumerate(step):
                slots[which].tokens.append(row.token)
                if row.logits:
                    found[which].append(_Likelihood(self.context.logits(index)))
        return found


class _Likelihood:
    """Of a token, in nats, from the logits (vocabulary,) that came before it."""

    def __init__(self, logits: NDArray[np.float32]) -> None:
        self._logits = logits
        peak = float(logits.max())
        self._norm = peak + float(np.log(np.exp(logits - np.float32(peak)).sum(dtype=np.float64)))

    def __call__(self, token: int) -> float:
        return float(self._logits[token]) - self._norm
