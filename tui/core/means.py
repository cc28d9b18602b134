"""What recall works with: the local store, where candidates come from, what embeds questions.

Imported when memories are first wanted. It must not know conversations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from memory.contract import Candidate, Embedder, Source, Vector, Wanted
from memory.sqlite.store import MemoryStore
from tui.core.standing import Reach


@dataclass(frozen=True, slots=True)
class Means:
    """``store`` is the local one; ``source`` gives the candidates: the same, or one with a server in it.

    ``embedder`` is None for keywords only. ``reach`` says how the server stands, None where there is none.
    ``close`` ends the use of all of it.
    """

    store: MemoryStore
    source: Source
    embedder: Embedder | None
    reach: Callable[[], Reach | None] = lambda: None
    close: Callable[[], None] = lambda: None


def local(file: Path) -> Means:
    """The local store ``file`` and the starter's embedding model, which is loaded when it is first asked.

    Raises `memory.contract.MemoryUnavailable`.
    """
    from memory.embed import LocalEmbedder
    from memory.redaction import redacted

    store, embedder = MemoryStore.open(file, redact=redacted), LocalEmbedder()

    def close() -> None:
        embedder.close()
        store.close()

    return Means(store, store, embedder, close=close)


class Unlogged:
    """A source that keeps no record of what was recalled."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def by_vector(self, query: Vector, wanted: Wanted, count: int) -> list[Candidate]:
        return self._source.by_vector(query, wanted, count)

    def by_keyword(self, text: str, query: Vector | None, wanted: Wanted, count: int) -> list[Candidate]:
        return self._source.by_keyword(text, query, wanted, count)

    def by_id(self, ids: Sequence[str], query: Vector | None) -> list[Candidate]:
        return self._source.by_id(ids, query)

    def note(self, shown: Sequence[tuple[str, float]], milliseconds: float) -> None:
        """Nothing is kept."""
