"""BM25 of words that were too frequent to be looked for, added to the scores of rows that others found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

#: As in SQLite's own bm25().
_K1, _B = 1.2, 0.75


def rescored(
    found: Sequence[tuple[int, float, str]], frequent: Mapping[str, int], rows: int, count: int
) -> list[int]:
    """The ``count`` best of ``found`` (number, SQLite's rank, words), the best first.

    ``frequent``: the words that the rank leaves out, and how many of all ``rows`` have them.
    """
    weights = {word: weight for word, n in frequent.items() if (weight := _weight(n, rows)) > 0}
    texts = [text.split() for *_, text in found]
    mean = sum(map(len, texts)) / max(1, len(texts))
    scores = [
        -rank
        + sum(weight * _saturated(words.count(word), len(words) / mean) for word, weight in weights.items())
        for (_, rank, _), words in zip(found, texts, strict=True)
    ]
    order = sorted(range(len(found)), key=lambda at: -scores[at])
    return [found[at][0] for at in order[:count]]


def _weight(n: int, rows: int) -> float:
    """The inverse document frequency; a word of half of all rows, or of more, weighs nothing."""
    return math.log((max(rows, n) - n + 0.5) / (n + 0.5))


def _saturated(times: int, length: float) -> float:
    return times * (_K1 + 1) / (times + _K1 * (1 - _B + _B * length)) if times else 0.0
