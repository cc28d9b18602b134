"""Outcomes of the same items before and after something, as one difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modes.evaluation.item import Item
from modes.evaluation.score import Outcome
from modes.evaluation.statistics import Difference, compared


def compare(
    items: Sequence[Item], before: Iterable[Outcome], after: Iterable[Outcome], seed: int = 0
) -> Difference:
    """Paired by item and clustered by fact: what is right, or of texts the bits per byte (less is better).

    Raises `ValueError` when an item has no outcome on either side, or when texts and questions are mixed.
    """
    kinds = {item.kind == "text" for item in items}
    if len(kinds) > 1:
        raise ValueError("bits per byte and right answers cannot be compared with one another")
    sides = [{outcome.item: outcome for outcome in outcomes} for outcomes in (before, after)]
    missing = next((item.id for item in items if any(item.id not in side for side in sides)), None)
    if missing is not None:
        raise ValueError(f'the item "{missing}" was not asked both times')
    first, second = ([_value(side[item.id]) for item in items] for side in sides)
    return compared(first, second, [(item.domain, item.fact) for item in items], seed=seed)


def accuracy(outcomes: Sequence[Outcome]) -> float:
    """Share of right answers, 0 to 1."""
    return sum(outcome.correct for outcome in outcomes) / len(outcomes) if outcomes else 0.0


def chance(items: Sequence[Item]) -> float:
    """Share of right answers that guessing gets: of a choice one in as many as there are, else none."""
    return sum(1 / len(item.choices) for item in items if item.choices) / len(items) if items else 0.0


def _value(outcome: Outcome) -> float:
    bits = outcome.bits_per_byte
    return float(outcome.correct) if bits is None else bits
