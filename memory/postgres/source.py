"""A server's table as a source of candidates. It never writes: not even what a recall showed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from memory.contract import Candidate, Vector, Wanted
from memory.postgres import legs
from memory.postgres.mapping import Table, introspect
from memory.postgres.pool import Pool, Rows
from memory.postgres.rows import FIELDS, to_memory, unit
from memory.postgres.server import Server
from memory.postgres.trouble import ServerTrouble
from memory.temperature import heat

__all__ = ["Server", "ServerSource"]

T = TypeVar("T")
#: The part of the time that a search of all rows for words may take; the rest is for the hottest ones.
_FIRST = 0.6
#: Seconds after which all rows are tried again.
_RETRY = 600.0
#: The table is not what it was when it was looked up.
_CHANGED = ("42703", "42P01", "42883", "42704", "42804")


class ServerSource:
    """A `memory.contract.Source` over a `Server`. Every call may raise `MemoryUnavailable`."""

    def __init__(self, pool: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._lock = threading.Lock()
        self._table: Table | None = None
        self._some_until = float("-inf")

    @classmethod
    def connect(cls, server: Server) -> ServerSource:
        """Nothing goes over the network before the first call."""
        return cls(Pool(server))

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the operator should know of the last searches: a short line each, empty when all is well."""
        some = self._clock() < self._some_until
        rows = f"{self._table.rows:,.0f}" if self._table else "all"
        said = f"server keywords: the {legs.SOME:,} hottest of {rows} rows only, there is no full-text index"
        return (said,) if some else ()

    def table(self) -> Table:
        """The table as it was found, looked up once."""
        with self._lock:
            if self._table is None:
                with self._pool.reading() as reader:
                    self._table = introspect(reader, self._pool.server)
            return self._table

    def by_vector(self, query: Vector, wanted: Wanted, count: int) -> list[Candidate]:
        """At most ``count``, the highest cosine first; empty unless the column is of the query's model."""

        def search(table: Table) -> list[Candidate]:
            if not table.searched or not self._compares(table, query):
                return []
            with self._pool.reading(local=legs.settings(table, count)) as reader:
                found = self._candidates(legs.by_vector(reader, table, query.values, wanted, count), query)
            # What has no length is nowhere near anything, wherever the server sorted it.
            return sorted((one for one in found if one.cosine is not None), key=_nearest)

        return self._with_table(search)

    def by_keyword(self, text: str, query: Vector | None, wanted: Wanted, count: int) -> list[Candidate]:
        """At most ``count`` that share words with ``text``, the rarest shared words first."""

        def search(table: Table) -> list[Candidate]:
            ids = self._ids(table, text, wanted, count)
            return self._by_id(table, ids, query) if ids else []

        return self._with_table(search)

    def by_id(self, ids: Sequence[str], query: Vector | None) -> list[Candidate]:
        """Those of ``ids`` that are there, in their order."""
        return self._with_table(lambda table: self._by_id(table, ids, query)) if ids else []

    def note(self, shown: Sequence[tuple[str, float]], milliseconds: float) -> None:
        """Nothing: the table is others'. The local store keeps the log."""

    def _ids(self, table: Table, text: str, wanted: Wanted, count: int) -> list[str]:
        """By all rows, or by the hottest where that has just taken too long."""
        limit = self._pool.server.timeout
        if self._clock() >= self._some_until:
            try:
                with self._pool.reading(_FIRST * limit) as reader:
                    begins = legs.stems(reader, text)
                    return legs.by_words(reader, table, begins, wanted, count, some=False) if begins else []
            except ServerTrouble as trouble:
                if trouble.why != "57014":
                    raise
                self._some_until = self._clock() + _RETRY
                limit *= 1 - _FIRST
        with self._pool.reading(limit) as reader:
            begins = legs.stems(reader, text)
            return legs.by_words(reader, table, begins, wanted, count, some=True) if begins else []

    def _by_id(self, table: Table, ids: Sequence[str], query: Vector | None) -> list[Candidate]:
        vectors = query is not None and self._compares(table, query)
        with self._pool.reading() as reader:
            rows = legs.by_id(reader, table, ids, vectors)
        found = {one.memory.id: one for one in self._candidates(rows, query if vectors else None)}
        return [found[one] for one in dict.fromkeys(ids) if one in found]

    def _compares(self, table: Table, query: Vector) -> bool:
        """The column's embeddings were made by the query's model, and have its length."""
        same = self._pool.server.vectors == query.model and "embedding" in table.columns
        return same and table.dim in (0, len(query.values)) and bool(np.isfinite(query.values).all())

    def _candidates(self, rows: Rows, query: Vector | None) -> list[Candidate]:
        now, found = time.time(), []
        for row in rows:
            memory = to_memory(row)
            if memory is None:
                continue
            vector = unit(row[len(FIELDS)], len(query.values)) if query is not None else None
            cosine = None if vector is None or query is None else float(vector @ query.values)
            found.append(Candidate(memory, heat(memory, now), cosine, vector))
        return found

    def _with_table(self, search: Callable[[Table], T]) -> T:
        """``search``, once more with the table looked up anew when it is not what it was."""
        try:
            return search(self.table())
        except ServerTrouble as trouble:
            if not any(state in trouble.why for state in _CHANGED):
                raise
        with self._lock:
            self._table = None
        return search(self.table())


def _nearest(candidate: Candidate) -> tuple[float, Any]:
    return (-(candidate.cosine or 0.0), candidate.memory.id)
