"""Conversations by id, by the beginning of one, and by when they were last written to.

It must not know messages; nothing here writes.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from tui.core.conversation import SHORT_ID
from tui.core.store.errors import ConversationDeleted, NoSuchConversation
from tui.core.store.rows import conversation_of, storable
from tui.core.store.tree import DELETED

if TYPE_CHECKING:
    from tui.core.conversation import Conversation


# Ids are hexadecimal, so all that begin with the prefix sort before prefix + "g".
_BEGINS = """
    SELECT * FROM conversation WHERE id >= ?1 AND id < ?1 || 'g' AND (deleted_at IS NULL OR ?2)
    ORDER BY updated_at DESC, seq DESC LIMIT 6
"""


def get(db: sqlite3.Connection, ref: str, deleted: bool = False) -> Conversation:
    """The one that ``ref`` is the id of, or the beginning of it; ``deleted``: of deleted ones too.

    Raises `NoSuchConversation`, `ConversationDeleted`.
    """
    prefix = storable(ref.strip().lower())
    found = [conversation_of(row) for row in db.execute(_BEGINS, (prefix, deleted))] if prefix else []
    if len(found) == 1:
        return found[0]
    if found:
        raise NoSuchConversation(
            f"{ref!r} is the start of several conversations ({_described(found)}): give more of it"
        )
    if prefix and not deleted and db.execute(_BEGINS, (prefix, True)).fetchone():
        raise ConversationDeleted(f"conversation {ref!r} {DELETED}")
    latest = _described(listed(db, 5)) or "none yet"
    raise NoSuchConversation(f"no conversation {ref!r}: give the id of one that exists (latest: {latest})")


def listed(db: sqlite3.Connection, limit: int) -> list[Conversation]:
    """Those that have a message, the last written to first."""
    rows = db.execute(
        "SELECT * FROM conversation WHERE head IS NOT NULL AND deleted_at IS NULL "
        "ORDER BY updated_at DESC, seq DESC LIMIT ?",
        (limit,),
    )
    return [conversation_of(row) for row in rows]


def deleted(db: sqlite3.Connection) -> list[Conversation]:
    """Those that were deleted and have a message, the last deleted first."""
    rows = db.execute(
        "SELECT * FROM conversation WHERE head IS NOT NULL AND deleted_at IS NOT NULL "
        "ORDER BY deleted_at DESC, seq DESC"
    )
    return [conversation_of(row) for row in rows]


def _described(conversations: list[Conversation]) -> str:
    """Short ids with dates and no titles: those are private, and this goes into an error."""
    return ", ".join(
        f"{one.id[:SHORT_ID]} of {datetime.fromtimestamp(one.updated_at):%Y-%m-%d %H:%M}"
        for one in conversations
    )
