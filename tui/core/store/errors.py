"""What the store refuses, and which of SQLite's codes mean what.

It must not know tables or queries; no message here ever carries a conversation's text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StoreError(Exception):
    """Base of everything the store refuses; the text says what, where and what to do."""


class StoreUnusable(StoreError):
    """The store's file or folder cannot be read or written, or is not one we understand."""


class StoreFull(StoreError):
    """No room to write. What was stored before is intact, and writing works again with room."""


class NoSuchConversation(StoreError):
    """A reference that names no conversation, or several."""


class ConversationDeleted(NoSuchConversation):
    """A conversation that was deleted, perhaps by another program, and can still be brought back."""


class Damaged(StoreUnusable):
    """The file's contents are not a sound database: never said of one that is locked or unreadable."""


# SQLite reports ENOSPC as FULL, but a quota or a file size limit as a failed write.
_NO_ROOM = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
}
_HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNUSABLE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}


@contextmanager
def translated(path: Path | None) -> Iterator[None]:
    """Turn SQLite's errors into ours; ``path`` is the store's file, None for one in memory."""
    try:
        yield
    except sqlite3.Error as error:
        raise _refusal(error, str(path or "conversations in memory")) from error


def _refusal(error: sqlite3.Error, where: str) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0)
    primary = code & 0xFF  # the rest of an extended code only says more
    if code in _NO_ROOM:
        return StoreFull(
            f"{where}: {error}: nothing already stored is lost; free some space on that disk, "
            "or set MODESHARE_DATA_DIR to a directory with room"
        )
    if primary in _HELD:
        return StoreError(f"{where}: another program holds it: close that program, or try again")
    if primary in _DAMAGED:
        return Damaged(
            f"{where}: {error}: close every program that uses it and start again; "
            "if it is still refused, move the file away and a new one is made"
        )
    if primary in _UNUSABLE:
        return StoreUnusable(
            f"{where}: {error}: make it readable and writable for this user, "
            "or set MODESHARE_DATA_DIR to a writable directory"
        )
    return StoreError(f"{where}: {error}: start the program again, or report this if it comes back")
