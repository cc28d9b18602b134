"""What a number of answers allows to be said. Values in, values out; it knows nothing of items or modes.

Accuracies and differences are fractions (0.05 is five points).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
#: The drop that matters, and the share of items answered otherwise that a careful guess takes.
POINTS, DISCORDANCE = 0.05, 0.15
#: Facts below which an interval has too little width to say anything.
FEWEST = 5
_AT_ONCE = 500_000


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends belong to it."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of ``after`` − ``before`` over the same items, with its interval.

    ``p`` is `sign_flip`'s, 1 where the values are no answers right or wrong. ``better`` and ``worse`` count
    the items that changed, ``facts`` the clusters.
    """

    before: float
    after: float
    interval: Interval
    p: float
    better: int
    worse: int
    items: int
    facts: int

    @property
    def value(self) -> float:
        return self.after - self.before

    @property
    def half_width(self) -> float:
        return (self.interval.high - self.interval.low) / 2


def z(confidence: float = CONFIDENCE) -> float:
    """Standard normal quantile of a two-sided interval: 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(right: int, count: int, confidence: float = CONFIDENCE) -> Interval:
    """Score interval of a proportion (Wilson 1927, JASA 22): honest for few items and near 0 and 1."""
    if count == 0:
        return Interval(0.0, 1.0)
    q, share = z(confidence), right / count
    scale = 1 + q * q / count
    middle = (share + q * q / (2 * count)) / scale
    half = q * math.sqrt(share * (1 - share) / count + q * q / (4 * count * count)) / scale
    low = 0.0 if right == 0 else max(0.0, middle - half)
    return Interval(low, 1.0 if right == count else min(1.0, middle + half))


def sign_flip(sums: ArrayLike) -> float:
    """Exact two-sided p that what changed in a fact could as well have changed the other way.

    ``sums`` (facts,) are whole numbers: the items of each fact that became right, less those that became
    wrong. Of all 2^facts ways to turn their signs, the share in which the total is as far from 0 (Fisher
    1935, ch. 3, with facts for pairs: the items of one fact turn together). The law of the total is a product
    of binomial ones, one for each size (Pagano and Tritchler 1983, JASA 78), so that nothing is drawn. With
    one item for each fact it is McNemar's exact test.
    """
    turned = np.abs(np.asarray(sums, np.int64))
    law = np.ones(1)  # of the total of those that count as gains, from 0 on
    for size, count in zip(*np.unique(turned[turned > 0], return_counts=True), strict=True):
        one = np.zeros(size * count + 1)
        one[::size] = _binomial(int(count))
        law = np.convolve(law, one)
    total, far = int(turned.sum()), abs(int(np.sum(sums)))
    return min(1.0, 2 * float(law[(total + far) // 2 :].sum()))


def _binomial(count: int) -> list[float]:
    """Chances of 0 to ``count`` heads of a coin."""
    ways = accumulate(range(count), lambda ways, k: ways * (count - k) // (k + 1), initial=1)
    return [one / 2**count for one in ways]


def compared(
    before: ArrayLike,
    after: ArrayLike,
    facts: Sequence[Hashable],
    *,
    seed: int = 0,
    resamples: int = 10_000,
    confidence: float = CONFIDENCE,
) -> Difference:
    """Paired difference of the values (n,) of the same n items; ``facts`` says which belong together.

    The interval is the percentile bootstrap over facts with replacement (Efron and Tibshirani 1993, ch. 13):
    several wordings of one fact are no independent evidence. Where nothing changed it has no width, which
    says no more than that nothing was seen to change. p goes by facts too (`sign_flip`).
    """
    first, second = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if not (first.shape == second.shape == (len(facts),)) or not facts:
        raise ValueError(f"{first.shape}, {second.shape} and {len(facts)} facts are not the same items")
    change = second - first
    cluster = np.unique(_numbered(facts), return_inverse=True)[1]
    sums, sizes = np.bincount(cluster, change).astype(np.float64), np.bincount(cluster)
    low, high = _bootstrap(sums, sizes, seed, resamples, confidence)
    better, worse = int((change > 0).sum()), int((change < 0).sum())
    marks = bool(np.isin(np.concatenate([first, second]), (0.0, 1.0)).all())
    return Difference(
        before=float(first.mean()),
        after=float(second.mean()),
        interval=Interval(low, high),
        p=sign_flip(np.rint(sums)) if marks else 1.0,
        better=better,
        worse=worse,
        items=len(facts),
        facts=len(sizes),
    )


def _bootstrap(
    sums: NDArray[np.float64], sizes: NDArray[np.intp], seed: int, resamples: int, confidence: float
) -> tuple[float, float]:
    rng, count = np.random.default_rng(seed), len(sums)
    step, means = max(1, _AT_ONCE // count), []
    for begin in range(0, resamples, step):
        drawn = rng.integers(count, size=(min(step, resamples - begin), count))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), (tail, 1 - tail))
    return float(low), float(high)


def _numbered(facts: Sequence[Hashable]) -> NDArray[np.intp]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(fact, len(numbers)) for fact in facts], np.intp)


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Every p adjusted for as many tests (Holm 1979): those under 0.05 hold together at that level."""
    adjusted: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(p, key=lambda name: p[name])):
        highest = max(highest, min(1.0, (len(p) - rank) * p[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p}


def chance_corrected(accuracy: float, chance: float) -> float:
    """(acc − c)/(1 − c): 0 is guessing, 1 all right, below 0 worse than guessing."""
    return (accuracy - chance) / (1 - chance)


def half_width(count: int, discordance: float = DISCORDANCE, confidence: float = CONFIDENCE) -> float:
    """Half the width of a paired interval of ``count`` independent items, z·√(discordance / n).

    Of the difference of two answers to the same item, when both directions are about equally likely.
    """
    return z(confidence) * math.sqrt(discordance / count) if count else math.inf


def unseen(count: int, confidence: float = CONFIDENCE) -> float:
    """The largest share of all that may be what was not seen once in ``count``: about 3 / n.

    1 − (1 − confidence)^(1/n), the rule of three (Hanley and Lippman-Hand 1983, JAMA 249).
    """
    return float(1 - (1 - confidence) ** (1 / count)) if count else 1.0


def resolution(
    count: int,
    points: float = POINTS,
    discordance: float = DISCORDANCE,
    *,
    what: str = "items",
    half: float | None = None,
) -> str:
    """A sentence when ``count`` of ``what`` cannot tell so small a difference, else nothing.

    ``half`` is half the width of the interval that was measured. Without it, or where it has no width, it is
    that of as many independent items: several wordings of one fact tell no more than that.
    """
    half = half or half_width(count, discordance)
    if half < points:
        return ""
    shown = f"{100 * half:.1f} points either way" if count else "nothing"
    return f"cannot resolve {100 * points:.0f} points: {count} {what} tell {shown}"
