"""The model as mlx-lm's generators call it: its prompt cache says in which coefficients each row is.

The entry rides behind the layers' own, and follows its row when rows join, leave, split and are taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlx_lm.models.cache import make_prompt_cache

from engine.mlx.library import nn
from engine.mlx.share import Mix, Selection

#: One sequence's K and V (or state), layer by layer, as mlx-lm keeps them.
Layers = list[Any]


class RowModes:
    """The last entry of a prompt cache: a `Mix` for each row, behind mlx-lm's interface of a cache."""

    state: tuple[()] = ()
    nbytes = 0

    def __init__(self, rows: Sequence[Mix]) -> None:
        self.rows = list(rows)

    @classmethod
    def merge(cls, caches: Sequence[RowModes]) -> RowModes:
        """Rows of several, in their order."""
        return cls([row for cache in caches for row in cache.rows])

    def extend(self, other: RowModes) -> None:
        """Rows join."""
        self.rows += other.rows

    def filter(self, keep: Sequence[int]) -> None:
        """Only these rows stay."""
        self.rows = [self.rows[at] for at in keep]

    def extract(self, at: int) -> RowModes:
        """One row by itself."""
        return RowModes([self.rows[at]])

    def prepare(self, **_padding: Any) -> None:
        """Padding is nothing to a mode."""

    def finalize(self) -> None:
        """Nor is its end."""


class Conditioned(nn.Module):
    """``model`` computing each row in its own coefficients, as the last entry of the cache says."""

    def __init__(self, model: Any, selection: Selection) -> None:
        super().__init__()
        self.model = model
        self._selection = selection

    @property
    def layers(self) -> Any:
        """Those of the model."""
        return self.model.layers

    def new_layers(self) -> Layers:
        """For a sequence of which nothing was read."""
        return list(make_prompt_cache(self.model))

    def __call__(self, tokens: Any, cache: Layers) -> Any:
        """Logits (rows × tokens × vocabulary) for tokens (rows × tokens)."""
        self._selection.choose(cache[-1].rows)
        return self.model(tokens, cache=cache[:-1])
