"""Memories put in, changed and taken out, within a transaction that the caller holds.

It must not know threads, files, nor vectors beyond that a changed text has lost its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from memory.contract import BadMemory
from memory.draft import Draft
from memory.record import Memory, content_hash
from memory.sqlite import keywords, places
from memory.sqlite.rows import COLUMNS, SELECTED, memory_of, row_of, storable, whole

Redact = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a write has done: memories ``added``, ``changed``, and there already the ``same``.

    ``superseded``: recalled no longer, for what they come from says something else now.
    """

    added: int = 0
    changed: int = 0
    same: int = 0
    superseded: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.added + other.added,
            self.changed + other.changed,
            self.same + other.same,
            self.superseded + other.superseded,
        )


_INSERT = f"""
    INSERT INTO memory (seq, recallable, divided, {", ".join(COLUMNS)})
    VALUES (?, ?, ?, {", ".join("?" * len(COLUMNS))})
"""
_UPDATE = f"UPDATE memory SET recallable = ?, {', '.join(f'{name} = ?' for name in COLUMNS)} WHERE seq = ?"
_KNOWN = f"SELECT {SELECTED}, m.seq, m.divided, m.recallable FROM memory AS m"
# One that is hidden, retracted or superseded is none that a person who remembers the same text again would
# get back.
_SAME = f"""
    {_KNOWN} WHERE m.hash = ? AND (m.recallable OR (m.divided AND m.superseded_by IS NULL))
    ORDER BY m.origin = 'federation', m.seq LIMIT 1
"""
_PARTS = "SELECT id FROM memory WHERE parent = ? AND chunk IS NOT NULL AND origin = 'local'"
# The plus keeps SQLite from looking through all that is local for each.
_WITH_ALL_OF = """
    WITH RECURSIVE gone (id) AS (
        SELECT ? UNION SELECT m.id FROM gone JOIN memory AS m
        ON m.superseded_by = gone.id OR (m.parent = gone.id AND m.chunk IS NOT NULL)
        WHERE +m.origin = 'local'
    )
    SELECT id FROM gone
"""


class Writing:
    """Writes with the clock and the redaction that a store was opened with."""

    def __init__(self, clock: Callable[[], float], redact: Redact) -> None:
        self._clock = clock
        self._redact = redact

    def add(
        self, db: sqlite3.Connection, draft: Draft, wholes: Collection[str] = ()
    ) -> tuple[Memory, Counts]:
        """The memory made of ``draft``, or the one there with the same words. Raises `BadMemory`.

        What is there as a part of ``wholes`` becomes the part that ``draft`` is, and stays what it is else.
        """
        content = storable(draft.content)
        if not content.strip():
            raise BadMemory("there is no text to remember")
        digest = content_hash(content)
        there = db.execute(_SAME, (digest,)).fetchone()
        memory = None if there is None else memory_of(there)
        if memory and memory.parent in wholes:
            places.move(db, memory.id, draft.provenance, draft.parent, draft.chunk)
            return memory, Counts(same=1)
        former = places.left(db, draft, memory.id if memory else "")
        if memory:
            places.note(db, memory, draft)
        if memory and not former:
            return memory, Counts(same=1 + len(draft.parts))
        counts = Counts(same=1) if memory else Counts(added=1)
        memory = memory or self._new(db, replace(draft, content=content), digest)
        for place, part in enumerate(draft.parts):
            counts += self.add(db, replace(part, parent=memory.id, chunk=place), former)[1]
        return memory, counts + Counts(superseded=self._supersede(db, former, memory.id))

    def take_in(self, db: sqlite3.Connection, memories: Iterable[Memory]) -> Counts:
        """Add or change by id. Raises `BadMemory`."""
        added = changed = same = 0
        for given in memories:
            memory = whole(given)
            there = db.execute(f"{_KNOWN} WHERE m.id = ?", (memory.id,)).fetchone()
            if there is None:
                self._insert(db, memory, _next(db), divided=False)
                added += 1
            elif there[: len(COLUMNS)] == row_of(memory):
                same += 1
            else:
                self._change(db, there, memory)
                changed += 1
        return Counts(added, changed, same)

    def _supersede(self, db: sqlite3.Connection, former: Iterable[str], by: str) -> int:
        """Nothing of ``former`` is recalled any more but what stands elsewhere too; how many were."""
        gone = 0
        for one in former:
            if places.moved(db, one):
                continue
            there = db.execute(f"{_KNOWN} WHERE m.id = ?", (one,)).fetchone()
            old = replace(memory_of(there), temporal_state="superseded", superseded_by=by)
            self._change(db, there, old)
            parts = [part for (part,) in db.execute(_PARTS, (one,)).fetchall()]
            gone += there[-1] + self._supersede(db, parts, by)
        return gone

    def _new(self, db: sqlite3.Connection, draft: Draft, digest: str) -> Memory:
        now, seq = self._clock(), _next(db)
        number = seq
        while db.execute("SELECT 1 FROM memory WHERE id = ?", (f"L{number}",)).fetchone():
            number += 1  # taken in from another store
        memory = whole(
            Memory(
                id=f"L{number}", content=draft.content, temperature=draft.temperature, anchor_at=now,
                created_at=now if draft.created_at is None else draft.created_at, hash=digest,
                sacred=draft.sacred, domain=draft.domain, tags=tuple(map(storable, draft.tags)),
                kind=draft.kind, parent=draft.parent, chunk=draft.chunk, provenance=draft.provenance,
                metadata=draft.metadata,
            )
        )  # fmt: skip
        self._insert(db, memory, seq, divided=bool(draft.parts))
        return memory

    def _insert(self, db: sqlite3.Connection, memory: Memory, seq: int, divided: bool) -> None:
        recallable = not divided and _allowed(db, memory)
        db.execute(_INSERT, (seq, recallable, divided, *row_of(memory)))
        if recallable:
            keywords.index(db, seq, self._redact(memory.content))

    def _change(self, db: sqlite3.Connection, there: tuple[object, ...], memory: Memory) -> None:
        *_, seq, divided, was_recallable = there
        assert isinstance(seq, int)
        recallable = not divided and _allowed(db, memory)
        db.execute(_UPDATE, (recallable, *row_of(memory), seq))
        other_text = there[COLUMNS.index("content")] != memory.content
        if other_text:
            db.execute("DELETE FROM embeddings WHERE memory = ?", (seq,))
        if other_text or recallable != was_recallable:
            keywords.index(db, seq, self._redact(memory.content) if recallable else None)


def drop(db: sqlite3.Connection, ids: Collection[str]) -> int:
    """Take ``ids`` out; how many were there. What was pinned or hidden of a server's rows is kept in mind."""
    gone = 0
    for one in ids:
        row = db.execute("SELECT seq, origin FROM memory WHERE id = ?", (one,)).fetchone()
        if row is None:
            continue
        keywords.index(db, row[0], None)
        db.execute("DELETE FROM memory WHERE seq = ?", (row[0],))
        places.forgotten(db, one)
        if row[1] == "local":
            for table in ("access_overlay", "used", "choice"):
                db.execute(f"DELETE FROM {table} WHERE memory = ?", (one,))
        gone += 1
    return gone


def forget(db: sqlite3.Connection, one: str, now: float) -> bool:
    """A local memory is gone with its parts and what it superseded, a federation's is hidden.

    False if there is none.
    """
    row = db.execute("SELECT seq, origin FROM memory WHERE id = ?", (one,)).fetchone()
    if row is None:
        return False
    if row[1] == "local":
        for (part,) in db.execute(_PARTS, (one,)).fetchall():
            places.moved(db, part)
        drop(db, [gone for (gone,) in db.execute(_WITH_ALL_OF, (one,))])
    else:
        db.execute("INSERT OR IGNORE INTO hidden VALUES (?, ?)", (one, now))
        db.execute("UPDATE memory SET recallable = 0 WHERE seq = ?", (row[0],))
        keywords.index(db, row[0], None)
    return True


def is_hidden(db: sqlite3.Connection, one: str) -> bool:
    """Somebody here has forgotten this row of a server's."""
    return db.execute("SELECT 1 FROM hidden WHERE memory = ?", (one,)).fetchone() is not None


def _next(db: sqlite3.Connection) -> int:
    """A number that no memory ever had."""
    found = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'memory'").fetchone()
    return 1 if found is None else int(found[0]) + 1


def _allowed(db: sqlite3.Connection, memory: Memory) -> bool:
    if memory.temporal_state == "retracted":
        return False
    if memory.origin == "local" and memory.superseded_by is not None:
        return False  # a server's says of itself what it is, and is recalled for it as `memory.recall` says
    return not is_hidden(db, memory.id)
