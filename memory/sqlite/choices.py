"""What a conversation has pinned and vetoed, by id: a memory that comes back is still what it was."""

from __future__ import annotations

import sqlite3
from typing import Literal

Kind = Literal["pin", "veto"]


def choose(db: sqlite3.Connection, conversation: str, kind: Kind, memory: str, at: float | None) -> None:
    """Choose since ``at``, None: no longer. What is pinned is not vetoed, and the other way round."""
    kinds = (kind, kind) if at is None else ("pin", "veto")
    db.execute(
        "DELETE FROM choice WHERE conversation = ? AND memory = ? AND kind IN (?, ?)",
        (conversation, memory, *kinds),
    )
    if at is not None:
        db.execute("INSERT INTO choice VALUES (?, ?, ?, ?)", (conversation, kind, memory, at))


def chosen(db: sqlite3.Connection, conversation: str, kind: Kind) -> tuple[str, ...]:
    """Ids in the order in which they were chosen."""
    rows = db.execute(
        "SELECT memory FROM choice WHERE conversation = ? AND kind = ? ORDER BY at, memory",
        (conversation, kind),
    )
    return tuple(memory for (memory,) in rows)
