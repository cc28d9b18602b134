"""The loss of a batch: what its rows begin with is read once, the head computed where something is learned.

It must not know what learns in the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlx_lm.models.cache import KVCache, make_prompt_cache

from engine.mlx.library import mx, nn
from modes.training.encoding import Batch, wanted_of


class Loss:
    """Cross entropies of ``model``, a language model as mlx-lm makes them.

    ``shares``: what all rows of a batch begin with can be read apart from them.
    """

    def __init__(self, model: Any) -> None:
        text = getattr(model, "language_model", model)
        body = getattr(text, "model", None)
        if isinstance(body, nn.Module) and not isinstance(body, Chosen):
            text.model = Chosen(body)
        self._model = model
        self._chosen: Chosen | None = text.model if isinstance(body, nn.Module) else None
        kinds = [type(one) for one in make_prompt_cache(model)]
        self._count = len(kinds)
        self.shares = set(kinds) == {KVCache} and self._chosen is not None

    def __call__(self, batch: Batch) -> tuple[Any, int]:
        """Sum of the cross entropies (nats) of what the batch has to learn, and of how many tokens."""
        places, wanted = wanted_of(batch)
        rows, columns = (mx.array(one) for one in places.nonzero())
        # Padding stands behind every token that is real, where none of these looks.
        logits = self._logits(mx.array(batch.tokens), self._read(batch), (rows, columns))
        return nn.losses.cross_entropy(logits, mx.array(wanted), reduction="sum"), len(wanted)

    def _logits(self, tokens: Any, cache: list[Beginning] | None, places: tuple[Any, Any]) -> Any:
        """(places × vocabulary) in float32, of tokens (rows × tokens)."""
        if self._chosen is None:
            return self._model(tokens, cache=cache)[places].astype(mx.float32)
        self._chosen.choose(places)
        try:
            return self._model(tokens, cache=cache)[0].astype(mx.float32)
        finally:
            self._chosen.choose(None)

    def _read(self, batch: Batch) -> list[Beginning] | None:
        """K and V of what the rows begin with, for each of them."""
        if not len(batch.shared):
            return None
        assert self._chosen is not None, "whoever shares has asked"
        read = [Beginning() for _ in range(self._count)]
        self._chosen.body(mx.array(batch.shared)[None], cache=read)
        return [one.repeated(len(batch.tokens)) for one in read]


@dataclass(slots=True)
class Wanted:
    """Places, where MLX does not take them for parameters."""

    places: tuple[Any, Any] | None = None


class Chosen(nn.Module):
    """The ``body`` of a model, of whose hidden states only the chosen places go on to the head."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = body
        self._wanted = Wanted()

    def choose(self, places: tuple[Any, Any] | None) -> None:
        """Rows and columns; None is all of them."""
        self._wanted.places = places

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Hidden states (rows × tokens × width), or (1 × places × width)."""
        hidden = self.body(*arguments, **named)
        places = self._wanted.places
        return hidden if places is None else hidden[places][None]

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if "body" not in self:
                raise
            return getattr(self["body"], name)


class Beginning(KVCache):
    """K and V (rows × heads × tokens × width), joined and never written into: gradients flow through."""

    keys: Any
    values: Any

    def update_and_fetch(self, keys: Any, values: Any) -> tuple[Any, Any]:
        """See `KVCache`."""
        if self.keys is not None:
            keys = mx.concatenate([self.keys, keys], axis=2)
            values = mx.concatenate([self.values, values], axis=2)
        self.keys, self.values, self.offset = keys, values, keys.shape[2]
        return keys, values

    def repeated(self, rows: int) -> Beginning:
        """The same of a single row, for many."""
        other = Beginning()
        other.keys, other.values = (mx.repeat(one, rows, axis=0) for one in (self.keys, self.values))
        other.offset = self.offset
        return other
