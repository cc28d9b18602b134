"""All ids and all memories, a page at a time: no snapshot is held while a caller thinks."""

from __future__ import annotations

from collections.abc import Iterator

from memory.record import Memory, Origin
from memory.sqlite.connections import Connections
from memory.sqlite.rows import SELECTED, memory_of

#: Rows of a page. A row may have 650 KB.
_PAGE = 500

_IDS = "SELECT id FROM memory WHERE origin = ? AND id > ? ORDER BY id LIMIT ?"
_MEMORIES = f"""
    SELECT {SELECTED}, m.seq FROM memory AS m
    WHERE m.seq > :after AND (:origin IS NULL OR m.origin = :origin)
        AND m.id NOT IN (SELECT memory FROM hidden)
    ORDER BY m.seq LIMIT :page
"""


def ids_of(connections: Connections, origin: Origin) -> Iterator[str]:
    """Ids of ``origin`` in their order."""
    after = ""
    while True:
        with connections.reading() as db:
            page = [one for (one,) in db.execute(_IDS, (origin, after, _PAGE))]
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]


def memories_of(connections: Connections, origin: Origin | None) -> Iterator[Memory]:
    """Memories in the order in which they came, without hidden ones."""
    after = 0
    while True:
        with connections.reading() as db:
            found = db.execute(_MEMORIES, {"after": after, "origin": origin, "page": _PAGE}).fetchall()
        yield from (memory_of(row) for row in found)
        if len(found) < _PAGE:
            return
        after = found[-1][-1]
