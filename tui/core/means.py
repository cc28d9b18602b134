"""What recall works with: the local store, where candidates come from, what embeds questions.

Imported when memories are first wanted. It must not know conversations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from memory.contract import Candidate, Embedder, Source, Vector, Wanted
from memory.embed import LocalEmbedder, ServiceEmbedder
from memory.joined import Joined
from memory.postgres.source import ServerSource
from memory.sqlite.store import MemoryStore
from tui.core.config import Config
from tui.core.remembering import embedder_of, open_store, server_of
from tui.core.standing import Reach


@dataclass(frozen=True, slots=True)
class Means:
    """``store`` is the local one; ``source`` gives the candidates: the same, or one with a server in it.

    ``embedder`` is None for keywords only. ``reach`` says how the server stands, None where there is none,
    and ``notes`` what there is to say of it. ``close`` ends the use of all of it.
    """

    store: MemoryStore
    source: Source
    embedder: Embedder | None
    reach: Callable[[], Reach | None] = lambda: None
    notes: Callable[[], Sequence[str]] = tuple
    close: Callable[[], None] = lambda: None


def means_of(config: Config, data: Path) -> Means:
    """What ``config`` names: the local store in ``data``, made if it has to be, and a server beside it.

    Nothing is loaded and nothing goes over a network before the first question. Raises `MemoryUnavailable`,
    `EmbedderUnavailable`, `PathUnusable`.
    """
    server = server_of(config) if config.memory == "postgres" else None
    embedder = embedder_of(config)
    store = open_store(data)
    with ExitStack() as opened:
        opened.callback(store.close)
        if isinstance(embedder, LocalEmbedder | ServiceEmbedder):
            opened.callback(embedder.close)
        if server is None:
            return Means(store, store, embedder, close=opened.pop_all().close)
        there = ServerSource.connect(server)
        opened.callback(there.close)
        joined = Joined(store, there)

        def reach() -> Reach:
            return Reach(joined.trouble is None, store.marked_at("synced"))

        def notes() -> list[str]:
            return [*there.notes, *([joined.trouble] if joined.trouble else [])]

        return Means(store, joined, embedder, reach, notes, opened.pop_all().close)


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
