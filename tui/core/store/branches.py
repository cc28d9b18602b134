"""The branches at a place of the tree, and who still uses a message.

A fork shares the messages before it with the conversation that it was made of. Nothing here writes.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from tui.core.store import tree
from tui.core.store.rows import node_of

if TYPE_CHECKING:
    from tui.core.conversation import Node

_BELOW = """
    WITH RECURSIVE down (id) AS (
        SELECT ?1 UNION ALL SELECT message.id FROM message JOIN down ON message.parent = down.id
    )
"""

_USERS = f"""
    {_BELOW}
    SELECT id FROM conversation WHERE deleted_at IS NULL AND (
        head IN (SELECT id FROM down)
        OR id IN (SELECT message.conversation FROM message JOIN down ON message.id = down.id)
    ) ORDER BY seq
"""

_LEAF = f"""
    {_BELOW}
    SELECT message.* FROM down JOIN message ON message.id = down.id
    WHERE message.id = ?1 OR message.conversation = ?2 OR message.created_at <= ?3
    ORDER BY message.seq DESC LIMIT 1
"""


_BRANCHED = """
    WITH RECURSIVE up (id, parent, conversation) AS (
        SELECT id, parent, conversation FROM message WHERE id = ?
        UNION ALL
        SELECT message.id, message.parent, message.conversation
        FROM message JOIN up ON message.id = up.parent
    )
    SELECT id FROM up WHERE EXISTS (
        SELECT 1 FROM message WHERE message.parent = up.parent AND message.id != up.id
    ) OR (up.parent IS NULL AND EXISTS (
        SELECT 1 FROM message
        WHERE message.parent IS NULL AND message.conversation = up.conversation AND message.id != up.id
    ))
"""


def users(db: sqlite3.Connection, message: str) -> list[str]:
    """The conversations, deleted ones aside, that stand at ``message`` or have something after it."""
    return [row["id"] for row in db.execute(_USERS, (message,))]


def children(db: sqlite3.Connection, node: str | None, conversation: str) -> list[Node]:
    """What follows ``node``, oldest first; for None the first messages of ``conversation``."""
    if node is None:
        rows = db.execute(
            "SELECT * FROM message WHERE parent IS NULL AND conversation = ? ORDER BY seq", (conversation,)
        )
    else:
        rows = db.execute("SELECT * FROM message WHERE parent = ? ORDER BY seq", (node,))
    found = [node_of(row) for row in rows.fetchall()]
    owners = {one.conversation for one in found}
    gone = {owner for owner in owners if tree.any_conversation(db, owner).deleted_at is not None}
    return [one for one in found if one.conversation not in gone or users(db, one.id)]


def branched(db: sqlite3.Connection, node: str) -> list[str]:
    """The messages from ``node`` up to the root that have others beside them, whoever knows those."""
    return [row["id"] for row in db.execute(_BRANCHED, (node,))]


def siblings(db: sqlite3.Connection, node: str, conversation: str) -> list[Node]:
    """The versions of ``node`` that ``conversation`` knows. Raises `StoreError`, `NoSuchConversation`."""
    _, message = tree.message(db, node)
    place = tree.any_conversation(db, conversation)
    return [
        one
        for one in children(db, message.parent, message.conversation)
        if one.id == node or one.conversation == place.id or one.created_at <= place.created_at
    ]


def leaf(db: sqlite3.Connection, node: str, conversation: str) -> Node:
    """The newest that ``conversation`` knows after ``node``. Raises `StoreError`, `NoSuchConversation`."""
    tree.message(db, node)
    place = tree.any_conversation(db, conversation)
    # A child is always newer than its parent, so the newest of all has nothing after it.
    row = db.execute(_LEAF, (node, place.id, place.created_at)).fetchone()
    return node_of(row)
