"""The vector leg: the vectors of one model at hand, kept up with what anybody writes.

Base rows are loaded once, in the order of their memories; what changes later is a tail. It must not know
memories beyond their numbers.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from memory.contract import Vector, Wanted
from memory.sqlite import mapped
from memory.sqlite.facets import GONE, Facets
from memory.sqlite.mapped import Head
from memory.sqlite.matrix import CHUNK, Growing, Rows, best
from memory.sqlite.schema import renew

#: Vectors of more bytes than this are mapped from a file; 250 K rows of 384 are a little less.
MAPPED_FROM = 400_000_000
#: A tail of more rows than this and than a quarter of the base becomes part of the base.
TAIL = 16_384
#: Changes that are kept for those who hold vectors; who lags further behind loads anew.
CHANGES = 100_000

_EVERY = """
    SELECT e.memory, e.vec, m.recallable, m.domain, m.sacred
    FROM embeddings AS e CROSS JOIN memory AS m ON m.seq = e.memory WHERE e.model = ? ORDER BY e.memory
"""
_SOME = """
    SELECT e.memory, e.vec, m.recallable, m.domain, m.sacred
    FROM embeddings AS e CROSS JOIN memory AS m ON m.seq = e.memory
    WHERE e.model = ? AND e.memory IN (SELECT value FROM json_each(?))
"""

#: In two queries: SQLite takes an end of the index for one of them, and every row for both in one.
_GENERATIONS = """
    SELECT coalesce((SELECT min(generation) FROM change), 0),
        coalesce((SELECT max(generation) FROM change), 0)
"""


def trim(db: sqlite3.Connection) -> None:
    """Let go of the oldest changes."""
    db.execute("DELETE FROM change WHERE generation <= (SELECT max(generation) FROM change) - ?", (CHANGES,))


class Index:
    """Vectors of one model. The methods may be called from any thread, each with its own snapshot."""

    def __init__(self, path: Path | None, model: str, key: int, dim: int) -> None:
        """``path``: the store's file, beside which many vectors are kept."""
        self._file = None if path is None else mapped.file_of(path, model)
        self._model, self._key, self.dim = model, key, dim
        self._lock = threading.Lock()
        self._generation = -1
        self._facets = Facets()
        self._base = Growing(dim).rows
        self._tail = Growing(dim)
        self._places: dict[int, int] = {}

    def search(
        self, db: sqlite3.Connection, query: Vector, wanted: Wanted, shut: set[int], count: int
    ) -> list[tuple[int, float]]:
        """(seq, cosine) of the ``count`` nearest, nearest first; none of the seqs in ``shut``.

        Where another thread has taken in what is newer than the snapshot of ``db``, that is made anew: what
        is found is there for who reads on.
        """
        with self._lock:
            self._refresh(db)
            parts, allowed = (self._base, self._tail.rows), self._facets.allowed(wanted)
        found = best(parts, query.values, allowed, count + len(shut))
        return [(seq, cosine) for seq, cosine in found if seq not in shut][:count]

    def refresh(self, db: sqlite3.Connection) -> None:
        """Load, or take in what was written since."""
        with self._lock:
            self._refresh(db)

    def _refresh(self, db: sqlite3.Connection) -> None:
        oldest, newest = _generations(db)
        if newest < self._generation:
            renew(db)
            oldest, newest = _generations(db)
        if self._generation < 0:
            self._open_file(db, newest)
        if newest <= self._generation:
            return
        if self._generation < oldest - 1 or not self._catch_up(db):
            self._load(db, newest)
        self._generation = newest

    def _open_file(self, db: sqlite3.Connection, newest: int) -> None:
        """Begin with the rows of the file, if there is one that fits."""
        store = _store(db)
        found = None if self._file is None else mapped.read(self._file, store, self._model, self.dim)
        if found is not None and found[0].generation <= newest:  # else of a store that was since restored
            head, self._base = found
            self._facets, self._generation = Facets(head.domains), head.generation

    def _catch_up(self, db: sqlite3.Connection) -> bool:
        """Take in the changes since; False where loading anew is less work."""
        rows = db.execute("SELECT DISTINCT memory FROM change WHERE generation > ?", (self._generation,))
        changed = {seq for (seq,) in rows}
        if len(changed) + len(self._tail) > max(TAIL, len(self._base.seqs) // 4):
            return False
        for seq, blob, *facets in db.execute(_SOME, (self._key, json.dumps(list(changed)))):
            changed.discard(seq)
            self._put(seq, np.frombuffer(blob, np.float32), self._facets.of(*facets))
        for seq in changed:
            self._set_facet(seq, GONE)
        return True

    def _put(self, seq: int, vector: Any, facet: int) -> None:
        there = self._vector(seq)
        if there is not None and np.array_equal(there, vector):
            self._set_facet(seq, facet)
        else:
            self._set_facet(seq, GONE)
            self._places[seq] = self._tail.add(seq, vector, facet)

    def _vector(self, seq: int) -> Any:
        if seq in self._places:
            return self._tail.rows.vectors[self._places[seq]]
        at = _place(self._base, seq)
        return None if at is None else self._base.vectors[at]

    def _set_facet(self, seq: int, facet: int) -> None:
        if seq in self._places:
            self._tail.rows.facets[self._places[seq]] = facet
        elif (at := _place(self._base, seq)) is not None:
            self._base.facets[at] = facet

    def _load(self, db: sqlite3.Connection, generation: int) -> None:
        """All rows from the table: into main memory, or into the file where they are too many for that."""
        n = db.execute("SELECT count(*) FROM embeddings WHERE model = ?", (self._key,)).fetchone()[0]
        self._facets, self._tail, self._places = Facets(), Growing(self.dim), {}
        if self._file is None or 4 * n * self.dim <= MAPPED_FROM or not self._load_file(db, n, generation):
            self._base = self._gathered(db, n)

    def _load_file(self, db: sqlite3.Connection, n: int, generation: int) -> bool:
        assert self._file is not None
        store = _store(db)
        head = Head(store, self._model, self.dim, n, generation, self._facets_seen(db))
        try:
            mapped.write(self._file, head, self._chunks(db))
        except OSError:  # no room or no right: main memory has to do
            return False
        found = mapped.read(self._file, store, self._model, self.dim)
        if found is None or found[0].generation != generation:  # another process was as quick
            return False
        self._base = found[1]
        return True

    def _facets_seen(self, db: sqlite3.Connection) -> list[str | None]:
        """Number the domains that recallable rows have: the file's head comes before its rows."""
        domains = db.execute("SELECT DISTINCT domain FROM memory WHERE recallable = 1 ORDER BY domain")
        self._facets = Facets(domain for (domain,) in domains)
        return self._facets.domains

    def _gathered(self, db: sqlite3.Connection, n: int) -> Rows:
        rows = Rows(np.empty(n, np.int64), np.empty((n, self.dim), np.float32), np.empty(n, np.int32))
        at = 0
        for some in self._chunks(db):
            upto = at + len(some.seqs)
            rows.seqs[at:upto], rows.vectors[at:upto], rows.facets[at:upto] = some
            at = upto
        return rows.first(at)

    def _chunks(self, db: sqlite3.Connection) -> Iterator[Rows]:
        found = db.execute(_EVERY, (self._key,))
        while some := found.fetchmany(CHUNK // 8):
            vectors = np.frombuffer(b"".join(row[1] for row in some), np.float32).reshape(-1, self.dim)
            seqs = np.array([row[0] for row in some], np.int64)
            yield Rows(seqs, vectors, np.array([self._facets.of(*row[2:]) for row in some], np.int32))


def _place(rows: Rows, seq: int) -> int | None:
    at = int(np.searchsorted(rows.seqs, seq))
    return at if at < len(rows.seqs) and rows.seqs[at] == seq else None


def _generations(db: sqlite3.Connection) -> tuple[int, int]:
    """Of the oldest change that is kept, and of the newest; 0 where there is none."""
    oldest, newest = db.execute(_GENERATIONS).fetchone()
    return int(oldest), int(newest)


def _store(db: sqlite3.Connection) -> str:
    return str(db.execute("SELECT name FROM identity").fetchone()[0])
