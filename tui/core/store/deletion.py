"""Deleting a conversation: hidden at once, removed for good a month later.

Forks share messages, so removing one conversation leaves what another still shows.
"""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from tui.core.store.schema import transaction

if TYPE_CHECKING:
    from tui.core.conversation import Conversation

#: How long a deleted conversation can be brought back, in seconds: 30 days.
KEPT = 30 * 24 * 3600.0


def delete(db: sqlite3.Connection, key: str) -> None:
    """Raises `NoSuchConversation`."""
    from tui.core.store import tree

    tree.conversation(db, key)
    db.execute("UPDATE conversation SET deleted_at = ? WHERE id = ?", (time.time(), key))


def undelete(db: sqlite3.Connection, key: str) -> Conversation:
    """Raises `NoSuchConversation`."""
    from tui.core.store import tree

    tree.any_conversation(db, key)
    db.execute("UPDATE conversation SET deleted_at = NULL WHERE id = ?", (key,))
    return tree.conversation(db, key)


def purge(db: sqlite3.Connection, now: float) -> None:
    """Remove what was deleted 30 days before ``now`` (seconds since the epoch), from the disk too.

    A disk without room or another program's lock puts it off to the next start.
    """
    try:
        if _due(db, now) and _purge(db, now):
            # Freed pages are zeroed; the search index and the log would keep the words a while longer.
            db.execute("INSERT INTO passage (passage) VALUES ('optimize')")
            db.execute("PRAGMA wal_checkpoint (TRUNCATE)").fetchall()
    except sqlite3.OperationalError:
        return


def _due(db: sqlite3.Connection, now: float) -> list[str]:
    rows = db.execute("SELECT id FROM conversation WHERE deleted_at < ?", (now - KEPT,))
    return [row["id"] for row in rows]


def _purge(db: sqlite3.Connection, now: float) -> int:
    with transaction(db):
        due = _due(db, now)  # asked again under the lock: another program may have been at it
        for conversation in due:
            _remove(db, conversation)
    return len(due)


def _remove(db: sqlite3.Connection, key: str) -> None:
    seq = db.execute("SELECT seq FROM conversation WHERE id = ?", (key,)).fetchone()["seq"]
    db.execute("UPDATE conversation SET head = NULL WHERE id = ?", (key,))
    # A message is newer than its parent: whatever follows one has been settled before it.
    for row in db.execute(
        "SELECT seq, id FROM message WHERE conversation = ? ORDER BY seq DESC", (key,)
    ).fetchall():
        heir = _heir(db, row["id"])
        if heir is None:
            db.execute("DELETE FROM passage WHERE rowid = ?", (row["seq"],))
            db.execute("DELETE FROM message WHERE seq = ?", (row["seq"],))
        else:
            db.execute("UPDATE message SET conversation = ? WHERE seq = ?", (heir, row["seq"]))
    db.execute("DELETE FROM passage WHERE rowid = ?", (-seq,))
    db.execute("DELETE FROM conversation WHERE seq = ?", (seq,))


def _heir(db: sqlite3.Connection, message: str) -> str | None:
    """Another conversation that stands at ``message`` or owns what follows it: the oldest."""
    row = db.execute(
        "SELECT min(seq), id FROM conversation WHERE head = ?1 "
        "OR id IN (SELECT conversation FROM message WHERE parent = ?1)",
        (message,),
    ).fetchone()
    return None if row["id"] is None else str(row["id"])
