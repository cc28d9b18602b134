"""Which of SQLite's codes mean what to an operator.

It must not know tables or queries; no message here ever carries a memory's text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memory.contract import MemoryUnavailable


class StoreBusy(MemoryUnavailable):
    """Another program holds the write lock for too long."""


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


def name_of(path: Path | None) -> str:
    """How a message calls the store; None for one in memory."""
    return str(path or "memories in main memory")


@contextmanager
def translated(path: Path | None) -> Iterator[None]:
    """Turn SQLite's errors into `MemoryUnavailable`; ``path`` is the store's file, None for one in memory."""
    try:
        yield
    except sqlite3.Error as error:
        raise _refusal(error, name_of(path)) from error


def damaged(where: str, why: object) -> MemoryUnavailable:
    """What is said of a file that is no sound database."""
    return MemoryUnavailable(
        f"{where}: {why}: it was left as it is; close every program that uses it and try again, and if it is "
        "still refused, move it away: a new one is made, and tui memory sync brings a server's memories back"
    )


def _refusal(error: sqlite3.Error, where: str) -> MemoryUnavailable:
    code = getattr(error, "sqlite_errorcode", 0)
    primary = code & 0xFF  # the rest of an extended code only says more
    if code in _NO_ROOM:
        return MemoryUnavailable(
            f"{where}: {error}: nothing already remembered is lost; free some space on that disk"
        )
    if primary in _HELD:
        return StoreBusy(f"{where}: another program holds it: close that program, or try again")
    if primary in _DAMAGED:
        return damaged(where, error)
    if primary in _UNUSABLE:
        return MemoryUnavailable(f"{where}: {error}: make it readable and writable for this user")
    return MemoryUnavailable(f"{where}: {error}: start the program again, or report this if it comes back")
