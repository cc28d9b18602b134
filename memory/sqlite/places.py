"""Where texts were imported from: the same one may stand in several files, and stays until none has it.

A memory says itself where it came from first; this knows the rest. It must not know what becomes of a memory
whose places are gone.
"""

from __future__ import annotations

import sqlite3

from memory.draft import Draft
from memory.record import Memory
from memory.sqlite.rows import optional

_HERE = """
    SELECT id FROM memory
    WHERE provenance = ? AND chunk IS NULL AND origin = 'local' AND superseded_by IS NULL
"""
_OTHER = """
    SELECT place, whole, chunk FROM also
    WHERE memory = :one AND whole IS NOT (SELECT parent FROM memory AS m WHERE m.id = :one) AND (
        whole = '' OR (SELECT superseded_by IS NULL FROM memory AS m WHERE m.id = also.whole)
    )
    ORDER BY whole, place LIMIT 1
"""


def note(db: sqlite3.Connection, memory: Memory, draft: Draft) -> None:
    """``memory`` has the words of ``draft`` too: a file's, a part's, or what stays whatever files say."""
    if memory.origin != "local" or (memory.provenance, memory.parent) == (draft.provenance, draft.parent):
        return
    place = optional(draft.provenance) if draft.renews or draft.chunk is not None else None
    db.execute(
        "INSERT OR REPLACE INTO also VALUES (?, ?, ?, ?)",
        (memory.id, place or "", draft.parent or "", draft.chunk),
    )


def left(db: sqlite3.Connection, draft: Draft, now: str) -> set[str]:
    """Texts that came from the place that ``draft`` renews, and are said there no longer; ``now`` is what is.

    What stands elsewhere too is not among them, and has its place there from now on.
    """
    if not draft.renews:
        return set()
    place = optional(draft.provenance)
    db.execute("DELETE FROM also WHERE place = ? AND whole = '' AND memory != ?", (place, now))
    here = {id for (id,) in db.execute(_HERE, (place,)).fetchall()} - {now}
    return {id for id in here if not moved(db, id)}


def moved(db: sqlite3.Connection, one: str) -> bool:
    """Whether the memory ``one`` stands elsewhere too, where it has its place from now on."""
    found = db.execute(_OTHER, {"one": one}).fetchone()
    if found is None:
        return False
    place, whole, chunk = found
    db.execute("DELETE FROM also WHERE memory = ? AND place = ? AND whole = ?", (one, place, whole))
    move(db, one, place or None, whole or None, chunk)
    return True


def move(
    db: sqlite3.Connection, one: str, provenance: str | None, parent: str | None, chunk: int | None
) -> None:
    """The memory ``one`` has this place from now on."""
    db.execute(
        "UPDATE memory SET provenance = ?, parent = ?, chunk = ? WHERE id = ?",
        (optional(provenance), parent, chunk, one),
    )


def forgotten(db: sqlite3.Connection, one: str) -> None:
    """The memory ``one`` is gone."""
    db.execute("DELETE FROM also WHERE memory = ? OR whole = ?", (one, one))
