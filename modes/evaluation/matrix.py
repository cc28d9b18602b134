"""What learning one domain after the other has done to all of them.

Scores are fractions of right answers, higher is better. It knows no items: the gate on forgetting reads the
difference of a[j][j] and a[T][j] paired by item (`modes.evaluation.compare`), not these means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Matrix:
    """``after[i, j]`` (T, T): the score on domain j once domain i was learned, in the order of learning.

    ``base`` (T,) before anything was learned; ``own`` (T,) of an adapter trained on that domain alone, NaN
    where there is none.
    """

    domains: tuple[str, ...]
    after: Scores
    base: Scores
    own: Scores

    def __post_init__(self) -> None:
        count = len(self.domains)
        shapes = (self.after.shape, self.base.shape, self.own.shape)
        if count == 0 or shapes != ((count, count), (count,), (count,)):
            raise ValueError(f"{count} domains do not go with scores of the shapes {shapes}")

    @property
    def final(self) -> Scores:
        """Scores (T,) when all was learned."""
        return np.array(self.after[-1])

    @property
    def learned(self) -> Scores:
        """Scores (T,) on each domain as soon as it was learned."""
        return np.array(self.after.diagonal())

    @property
    def average(self) -> float:
        """ACC = mean_j a[T][j] (Lopez-Paz and Ranzato, GEM, arXiv 1706.08840)."""
        return float(self.final.mean())

    @property
    def backward_transfer(self) -> float:
        """BWT = mean_{j<T} (a[T][j] − a[j][j]), same source: below 0 is forgetting; 0 for one domain."""
        return _mean((self.final - self.learned)[:-1])

    @property
    def forgetting(self) -> float:
        """mean_{j<T} (max_{l<T} a[l][j] − a[T][j]) (Chaudhry et al., arXiv 1801.10112); 0 for one domain.

        Never below −BWT: the best score may be later than the first.
        """
        return _mean((self.after[:-1].max(axis=0) - self.final)[:-1]) if len(self.domains) > 1 else 0.0

    @property
    def gain(self) -> Scores:
        """a[T][j] − b[j] (T,): what is left of having learned."""
        return self.final - self.base

    @property
    def retention(self) -> Scores:
        """a[T][j] / L[j] (T,): of what an adapter of its own would reach; NaN where that is unknown or 0."""
        return _ratio(self.final, self.own)

    @property
    def plasticity(self) -> Scores:
        """a[j][j] / L[j] (T,): how much could still be learned; NaN as in `retention`."""
        return _ratio(self.learned, self.own)


def _mean(values: Scores) -> float:
    return float(values.mean()) if values.size else 0.0


def _ratio(above: Scores, below: Scores) -> Scores:
    return np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0)
