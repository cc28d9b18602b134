"""The local store and a server as one source: what either knows, and what is here while the server is away.

It must not know which server that is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, zip_longest

from memory.contract import Candidate, MemoryUnavailable, Source, Vector, Wanted
from memory.sqlite.store import MemoryStore


class Joined:
    """A `Source`. A memory that both have is the one here: its heat and what was said of it are known here.

    ``trouble`` is why the server gave nothing when it was asked last, None when it answered.
    """

    def __init__(self, store: MemoryStore, server: Source) -> None:
        self._store, self._server = store, server
        self.trouble: str | None = None

    def by_vector(self, query: Vector, wanted: Wanted, count: int) -> list[Candidate]:
        """At most ``count`` of both, the highest cosine first."""
        here = self._store.by_vector(query, wanted, count)
        there = self._asked(lambda: self._server.by_vector(query, wanted, count))
        both = self._distinct(here, there)
        return sorted(both, key=lambda one: -(one.cosine or 0.0))[:count]

    def by_keyword(self, text: str, query: Vector | None, wanted: Wanted, count: int) -> list[Candidate]:
        """At most ``count``, one from here and one from the server in turn: their scores do not compare."""
        here = self._store.by_keyword(text, query, wanted, count)
        there = self._asked(lambda: self._server.by_keyword(text, query, wanted, count))
        pairs = zip_longest(here, self._distinct(here, there)[len(here) :])
        return [one for one in chain.from_iterable(pairs) if one is not None][:count]

    def by_id(self, ids: Sequence[str], query: Vector | None) -> list[Candidate]:
        """Those of ``ids`` that are here or on the server, in their order."""
        here = self._store.by_id(ids, query)
        missing = [one for one in ids if one not in {found.memory.id for found in here}]
        there = self._asked(lambda: self._server.by_id(missing, query)) if missing else []
        found = {one.memory.id: one for one in self._distinct(here, there)}
        return [found[one] for one in dict.fromkeys(ids) if one in found]

    def note(self, shown: Sequence[tuple[str, float]], milliseconds: float) -> None:
        """Logged here: a server is only read."""
        self._store.note(shown, milliseconds)

    def _asked(self, ask: Callable[[], list[Candidate]]) -> list[Candidate]:
        try:
            found = ask()
        except MemoryUnavailable as error:
            self.trouble = str(error)
            return []
        self.trouble = None
        return found

    def _distinct(self, here: list[Candidate], there: list[Candidate]) -> list[Candidate]:
        """All of ``here``, then what of ``there`` is neither among it nor hidden here."""
        known = {one.memory.id for one in here}
        hidden = self._store.hidden([one.memory.id for one in there])
        return here + [one for one in there if one.memory.id not in known | hidden]
