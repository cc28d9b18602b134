"""Few that say different things: maximal marginal relevance (Carbonell and Goldstein 1998)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from memory.contract import Candidate
from memory.recall.alike import Likeness

#: What relevance weighs; the rest is for being unlike what is already chosen.
LAMBDA = 0.7


def diverse(
    candidates: Sequence[Candidate],
    score: Mapping[str, float],
    count: int,
    alike: Likeness,
    weight: float = LAMBDA,
) -> list[Candidate]:
    """At most ``count``, each the best by ``weight`` score - (1 - ``weight``) likeness to one chosen before.

    Scores are divided by the highest, so that they are on the scale of likeness. The first is always the one
    of the highest score; with ``weight`` 1 the order is that of scores, equal ones by id.
    """
    left = sorted(candidates, key=lambda one: (-score[one.memory.id], one.memory.id))
    highest = max((score[one.memory.id] for one in left), default=0.0)
    scale = highest if highest > 0 else 1.0
    nearest = dict.fromkeys((one.memory.id for one in left), 0.0)
    chosen: list[Candidate] = []
    while left and len(chosen) < count:

        def worth(one: Candidate) -> float:
            name = one.memory.id
            return weight * score[name] / scale - (1 - weight) * nearest[name]

        best = max(left, key=worth)
        left.remove(best)
        chosen.append(best)
        for one in left:
            nearest[one.memory.id] = max(nearest[one.memory.id], alike(one, best))
    return chosen
