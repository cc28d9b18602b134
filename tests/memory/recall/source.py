"""A small exact `Source` in memory, for tests and for a benchmark without a store: NumPy and BM25."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from memory.contract import Candidate, FloatArray, Vector, Wanted
from memory.record import Memory, content_hash, folded

_WORD = re.compile(r"\w+")
K1, B = 1.2, 0.75


def remembered(name: str, content: str, **more: object) -> Memory:
    """A local memory of 50 degrees that was made at 0."""
    fields: dict[str, object] = {"temperature": 50.0, "anchor_at": 0.0, "created_at": 0.0, **more}
    return Memory(name, content, hash=content_hash(content), **fields)  # type: ignore[arg-type]


class ListSource:
    """Memories with their heat and, of ``model``, unit ``vectors`` (n, dim); ``noted`` is what was logged."""

    def __init__(
        self,
        memories: Sequence[Memory],
        heat: Mapping[str, float] | None = None,
        vectors: FloatArray | None = None,
        model: str = "tiny",
    ) -> None:
        self.memories = list(memories)
        self.heat = dict(heat or {})
        self.vectors, self.model = vectors, model
        self.noted: list[tuple[tuple[str, float], ...]] = []
        self._at = {one.id: at for at, one in enumerate(self.memories)}
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._lengths = np.zeros(len(self.memories))
        for at, one in enumerate(self.memories):
            counts = Counter(_WORD.findall(folded(one.content)))
            self._lengths[at] = sum(counts.values())
            for word, count in counts.items():
                self._postings[word].append((at, count))

    def by_vector(self, query: Vector, wanted: Wanted, count: int) -> list[Candidate]:
        if self.vectors is None or query.model != self.model:
            return []
        order = np.argsort(-(self.vectors @ query.values), kind="stable")
        return self._first(order.tolist(), query, wanted, count)

    def by_keyword(self, text: str, query: Vector | None, wanted: Wanted, count: int) -> list[Candidate]:
        scores: dict[int, float] = defaultdict(float)
        mean = float(self._lengths.mean()) if self.memories else 1.0
        for word in set(_WORD.findall(folded(text))):
            found = self._postings.get(word, [])
            rarity = math.log(1 + (len(self.memories) - len(found) + 0.5) / (len(found) + 0.5))
            for at, times in found:
                scores[at] += (
                    rarity * times * (K1 + 1) / (times + K1 * (1 - B + B * self._lengths[at] / mean))
                )
        order = sorted(scores, key=lambda at: (-scores[at], at))
        return self._first(order, query, wanted, count)

    def by_id(self, ids: Sequence[str], query: Vector | None) -> list[Candidate]:
        return [self._candidate(self._at[one], query) for one in ids if one in self._at]

    def note(self, shown: Sequence[tuple[str, float]], milliseconds: float) -> None:
        self.noted.append(tuple(shown))

    def _first(
        self, order: Sequence[int], query: Vector | None, wanted: Wanted, count: int
    ) -> list[Candidate]:
        found = (at for at in order if _wanted(self.memories[at], wanted))
        return [self._candidate(at, query) for at, _number in zip(found, range(count), strict=False)]

    def _candidate(self, at: int, query: Vector | None) -> Candidate:
        memory = self.memories[at]
        heat = self.heat.get(memory.id, memory.temperature)
        if self.vectors is None or query is None or query.model != self.model:
            return Candidate(memory, heat)
        return Candidate(memory, heat, float(self.vectors[at] @ query.values), self.vectors[at])


def _wanted(one: Memory, wanted: Wanted) -> bool:
    return (
        (wanted.sacred or not one.sacred)
        and (not wanted.domains or one.domain in wanted.domains)
        and one.id not in wanted.excluded
        and one.temporal_state != "retracted"
    )
