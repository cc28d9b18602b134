"""An answer's life on disk: begun, saved as it comes, finished; within a transaction that the caller holds.

It must not know threads, files, nor the engine.
"""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, NamedTuple

from tui.core.store import tree
from tui.core.store.rows import storable, to_json
from tui.core.store.search import index

if TYPE_CHECKING:
    from engine.contract import Usage
    from tui.core.conversation import Node, Provenance, Recollection, Status
    from tui.core.store.recovery import Owner


class End(NamedTuple):
    """How an answer ended. ``provenance`` None keeps the one that it began with."""

    text: str
    thinking: str
    status: Status
    usage: Usage | None
    provenance: Provenance | None
    error: str | None


def begin(db: sqlite3.Connection, place: str, parent: str, provenance: Provenance, owner: Owner) -> Node:
    """An empty answer after ``parent``. Raises `NoSuchConversation`; `StoreError` for an unknown parent."""
    node = tree.add_message(db, place, parent, "assistant", "")
    db.execute(
        "UPDATE message SET status = 'streaming', provenance = ?, owner_pid = ?, owner_started = ? "
        "WHERE id = ?",
        (to_json(provenance), owner.pid, owner.started, node),
    )
    return tree.message(db, node)[1]


def remember(db: sqlite3.Connection, node: str, memories: Recollection) -> None:
    """Keep what the answer is written with. Raises `StoreError` for an unknown answer."""
    saved = db.execute("UPDATE message SET memories = ? WHERE id = ?", (to_json(memories), node))
    if not saved.rowcount:
        tree.message(db, node)


def save_partial(db: sqlite3.Connection, node: str, text: str, thinking: str) -> None:
    """Keep what there is, unless it is finished. Raises `StoreError` for an unknown answer."""
    saved = db.execute(
        "UPDATE message SET content = ?, thinking = ? "
        "WHERE id = ? AND status IN ('streaming', 'interrupted')",
        (storable(text), storable(thinking), node),
    )
    if not saved.rowcount:
        tree.message(db, node)


def finish(db: sqlite3.Connection, node: str, end: End) -> Node:
    """The answer as it stays. Raises `StoreError` for an unknown one."""
    text = storable(end.text)
    seq, begun = tree.message(db, node)
    db.execute(
        "UPDATE message SET content = ?, thinking = ?, status = ?, usage = ?, error = ?, "
        "provenance = coalesce(?, provenance), owner_pid = NULL, owner_started = NULL WHERE id = ?",
        (
            text,
            storable(end.thinking),
            end.status,
            to_json(end.usage),
            None if end.error is None else storable(end.error),
            to_json(end.provenance),
            node,
        ),
    )
    index(db, seq, text)
    db.execute("UPDATE conversation SET updated_at = ? WHERE id = ?", (time.time(), begun.conversation))
    return tree.message(db, node)[1]
