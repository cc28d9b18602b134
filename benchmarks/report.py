"""Alternating runs and how they are told: medians with their range, and the ratio pair by pair."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Callable, Mapping


def alternate(
    runs: Mapping[str, Callable[[], float]], rounds: int, warmup: int = 1
) -> dict[str, list[float]]:
    """Each of ``runs`` in turn, round after round, so that a drifting machine hits all alike."""
    figures: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + warmup):
        for name, run in runs.items():
            figure = run()
            if turn >= warmup:
                figures[name].append(figure)
    return figures


def spread(figures: list[float], unit: str) -> str:
    """Median with minimum and maximum."""
    return f"{statistics.median(figures):,.1f} {unit} ({min(figures):,.1f} to {max(figures):,.1f})"


def ratio(ours: list[float], theirs: list[float]) -> str:
    """Median of the ratios pair by pair, with their range."""
    pairs = [a / b for a, b in zip(ours, theirs, strict=True)]
    return f"{statistics.median(pairs):.3f} ({min(pairs):.3f} to {max(pairs):.3f})"


def median_interval(figures: list[float]) -> tuple[float, float]:
    """95 % interval of the median: the order statistics between which it lies whatever the distribution.

    Of fewer than six figures that is more than all of them can tell: their range.
    """
    ordered, count = sorted(figures), len(figures)
    below, tail = 0, 0.0
    while below < count // 2:
        tail += math.comb(count, below) / 2**count
        if tail > 0.025:
            break
        below += 1
    at = max(0, below - 1)
    return ordered[at], ordered[count - 1 - at]


def say(text: str = "") -> None:
    """One line of the report."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
