"""How alike two candidates are: by their embeddings, by their words where one has none."""

from __future__ import annotations

from memory.contract import Candidate
from memory.recall.near import words


class Likeness:
    """Likeness of candidates, 0 to 1; each one's words are read once."""

    def __init__(self) -> None:
        self._words: dict[str, frozenset[str]] = {}

    def __call__(self, a: Candidate, b: Candidate) -> float:
        """The cosine of their embeddings, at least 0; without, the share of common words (Jaccard)."""
        if a.vector is not None and b.vector is not None and a.vector.shape == b.vector.shape:
            return min(1.0, max(0.0, float(a.vector @ b.vector)))
        ours, theirs = self._of(a), self._of(b)
        return len(ours & theirs) / len(ours | theirs) if ours or theirs else 0.0

    def _of(self, one: Candidate) -> frozenset[str]:
        found = self._words.get(one.memory.id)
        if found is None:
            found = self._words[one.memory.id] = words(one.memory.content)
        return found
