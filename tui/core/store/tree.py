"""The tree's own statements: find, add and move, within a transaction that the caller holds.

It must not know threads, files or owners.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from typing import TYPE_CHECKING

from tui.core.store.errors import ConversationDeleted, NoSuchConversation, StoreError
from tui.core.store.rows import conversation_of, node_of, storable

if TYPE_CHECKING:
    from engine.contract import Role
    from tui.core.conversation import Conversation, Node

DELETED = "was deleted, perhaps by another program: undo that with tui data undelete, or go on in another one"

_PATH = """
    WITH RECURSIVE up (id, parent, depth) AS (
        SELECT id, parent, 0 FROM message WHERE id = ?
        UNION ALL
        SELECT message.id, message.parent, depth + 1 FROM message JOIN up ON message.id = up.parent
    )
    SELECT message.* FROM up JOIN message ON message.id = up.id ORDER BY depth DESC
"""


def conversation(db: sqlite3.Connection, key: str) -> Conversation:
    """One that is there. Raises `NoSuchConversation`; `ConversationDeleted` for one that was deleted."""
    found = any_conversation(db, key)
    if found.deleted_at is not None:
        raise ConversationDeleted(f"conversation {key!r} {DELETED}")
    return found


def any_conversation(db: sqlite3.Connection, key: str) -> Conversation:
    """One that is there or was deleted. Raises `NoSuchConversation`."""
    row = db.execute("SELECT * FROM conversation WHERE id = ?", (storable(key),)).fetchone()
    if row is None:
        raise NoSuchConversation(f"no conversation {key!r}: it is none of this store")
    return conversation_of(row)


def message(db: sqlite3.Connection, key: str) -> tuple[int, Node]:
    """The message's seq and the message. Raises `StoreError`."""
    row = db.execute("SELECT * FROM message WHERE id = ?", (storable(key),)).fetchone()
    if row is None:
        raise StoreError(f"no message {key!r}: it is none of this store")
    return row["seq"], node_of(row)


def path(db: sqlite3.Connection, key: str) -> list[Node]:
    """From the root to ``key``. Raises `StoreError`."""
    message(db, key)
    return [node_of(row) for row in db.execute(_PATH, (key,))]


def new_conversation(db: sqlite3.Connection, title: str, mode: str, head: str | None) -> Conversation:
    key, now = uuid.uuid4().hex, time.time()
    db.execute(
        "INSERT INTO conversation (id, title, mode, head, created_at, updated_at) VALUES (?, '', ?, ?, ?, ?)",
        (key, storable(mode), head, now, now),
    )
    if title:
        set_title(db, key, title)
    return conversation(db, key)


def set_title(db: sqlite3.Connection, key: str, title: str) -> None:
    """Raises `NoSuchConversation`."""
    from tui.core.store.search import index  # which itself needs the tree

    conversation(db, key)
    title = storable(title)
    db.execute("UPDATE conversation SET title = ? WHERE id = ?", (title, key))
    seq = db.execute("SELECT seq FROM conversation WHERE id = ?", (key,)).fetchone()[0]
    index(db, -seq, title)


def add_message(db: sqlite3.Connection, place: str, parent: str | None, role: Role, content: str) -> str:
    """A message after ``parent`` that becomes the head of conversation ``place``; returns its id.

    Raises `NoSuchConversation`; `StoreError` for an unknown parent.
    """
    conversation(db, place)
    if parent is not None:
        message(db, parent)
    key, now = uuid.uuid4().hex, time.time()
    db.execute(
        "INSERT INTO message (id, parent, conversation, role, content, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (key, parent, place, role, content, now),
    )
    db.execute("UPDATE conversation SET head = ?, updated_at = ? WHERE id = ?", (key, now, place))
    return key
