"""How likely continuations of one prompt are, and logits of a whole text: read, and never sampled.

It must not know what the tokens mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.contract import PromptTooLong
from engine.mlx.conditioned import Conditioned, Layers, RowModes
from engine.mlx.library import mx
from engine.mlx.share import Mix
from engine.mlx.store import Kept, PromptStore, copied

Tokens = Sequence[int]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads in pieces of ``batch`` tokens, up to ``room`` texts side by side, in a context of so many."""

    model: Conditioned
    store: PromptStore
    context: int
    batch: int
    room: int

    def logits(self, tokens: Tokens, mix: Mix) -> NDArray[np.float32]:
        """Logits (tokens × vocabulary) of a fresh read, always in the same pieces. Raises `PromptTooLong`."""
        self._check(len(tokens))
        layers = self.model.new_layers()
        rows = [
            np.array(self._read([part], layers, [mix])[0].astype(mx.float32)) for part in self._pieces(tokens)
        ]
        return np.concatenate(rows)

    def score(self, prompt: Tokens, ends: Sequence[Tokens], mix: Mix) -> list[list[float]]:
        """Natural logarithm of the probability of every token of each of ``ends`` after ``prompt``.

        The order of ``ends`` changes nothing: they are taken by length. Raises `PromptTooLong`.
        """
        self._check(len(prompt) + max((len(end) for end in ends), default=0))
        layers, first = self._read_prompt(prompt, mix)
        scores = [_likelihoods(first, end[:1]) for end in ends]
        # All but the first token of an end have to be read to be known, the last one not at all.
        waiting = sorted((list(end), at) for at, end in enumerate(ends) if len(end) > 1)
        for together in self._batches(sorted(waiting, key=lambda pair: len(pair[0])), layers):
            texts = [end[:-1] for end, _at in together]
            logits = self._read(texts, _side_by_side(layers, len(texts)), [mix] * len(texts))
            for row, (end, at) in enumerate(together):
                scores[at] += _likelihoods(logits[row], end[1:])
        return scores

    def _read_prompt(self, prompt: Tokens, mix: Mix) -> tuple[Layers, Any]:
        """K and V of the prompt, and the logits (1 × vocabulary) of what follows it."""
        known, kept = self.store.take(prompt, mix.key)
        layers = self.model.new_layers() if known is None else known
        for part in self._pieces(prompt[kept:]):
            logits = self._read([part], layers, [mix])
        self.store.pass_by(Kept(mix.key, list(prompt), copied(layers)))
        return layers, logits[0, -1:]

    def _batches(self, waiting: list[tuple[list[int], int]], layers: Layers) -> Iterator[list[Any]]:
        """Ends of one length, so that none is padded: as many as there is room for."""
        room = self.room if all(hasattr(layer, "merge") for layer in layers) else 1
        for _length, group in groupby(waiting, key=lambda pair: len(pair[0])):
            alike = list(group)
            yield from (alike[at : at + room] for at in range(0, len(alike), room))

    def _pieces(self, tokens: Tokens) -> Iterator[list[int]]:
        return (list(tokens[at : at + self.batch]) for at in range(0, len(tokens), self.batch))

    def _read(self, texts: Sequence[Tokens], layers: Layers, mixes: Sequence[Mix]) -> Any:
        cache = [*layers, RowModes(mixes)]
        logits = self.model(mx.array([list(text) for text in texts]), cache=cache)
        mx.eval(logits, [layer.state for layer in layers])
        return logits

    def _check(self, tokens: int) -> None:
        if tokens > self.context:
            raise PromptTooLong(tokens, self.context)


def _side_by_side(layers: Layers, count: int) -> Layers:
    if count == 1:
        return copied(layers)
    return [type(layer).merge([layer] * count) for layer in layers]


def _likelihoods(logits: Any, tokens: Tokens) -> list[float]:
    """Of each token after the logits (tokens × vocabulary) before it, in nats."""
    if not tokens:
        return []
    rows = logits[: len(tokens)].astype(mx.float32)
    chosen = mx.take_along_axis(rows, mx.array([[token] for token in tokens]), axis=-1)[:, 0]
    found: list[float] = (chosen - mx.logsumexp(rows, axis=-1)).tolist()
    return found
