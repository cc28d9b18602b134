"""Open the database file: private, sound and up to date, or refused with the file left as it was.

It must not know memories; it hands over connections that are ready for them.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

from memory.contract import MemoryUnavailable
from memory.sqlite.errors import damaged, name_of, translated
from memory.sqlite.schema import check_version, migrate

#: How long to wait for another program's lock, in seconds.
PATIENCE = 5.0

#: Files up to this size (bytes) are checked whole at every start; above it the check would be felt.
CHECKED_SIZE = 16 * 1024 * 1024

#: Pages that a connection keeps, in KiB: a search touches the same upper parts of the index again and again.
_CACHE = 16 * 1024


def prepare(path: Path | None) -> sqlite3.Connection:
    """The first connection: makes the file if there is none, checks and migrates it.

    Raises `MemoryUnavailable`.
    """
    with translated(path):
        if path is not None:
            _private(path)
            _check_log(path)
        db = _connected(path)
        try:
            where = name_of(path)
            check_version(db, where)  # before anything that writes: a newer store is left as it was
            if path is not None:
                _check_sound(db, path)
                _check_ours(db, where)
                _write_ahead(db)
            migrate(db, where)
            return db
        except BaseException:
            db.close()
            raise


def another(path: Path) -> sqlite3.Connection:
    """One more connection to a file that is prepared. Raises `sqlite3.Error`."""
    return _connected(path)


def _connected(path: Path | None) -> sqlite3.Connection:
    db = sqlite3.connect(
        path or ":memory:", timeout=PATIENCE, isolation_level=None, check_same_thread=False,
        cached_statements=256,
    )  # fmt: skip
    try:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA cache_size = -{_CACHE}")
    except BaseException:
        db.close()
        raise
    return db


def _private(path: Path) -> None:
    """Make folder (0700) and file (0600) unless there, take everyone else's rights. `MemoryUnavailable`."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Never opened when it exists: closing it would drop SQLite's locks of this process.
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        for one in (path, beside(path, "-wal"), beside(path, "-shm")):
            if one.exists():
                _tighten(one)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise MemoryUnavailable(f"{path}: {why}: make it readable and writable for this user") from error


def _tighten(path: Path) -> None:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise MemoryUnavailable(f"{path}: not a file: name another one")
    if found.st_uid == os.getuid() and found.st_mode & 0o077:
        path.chmod(0o600)


def _check_log(path: Path) -> None:
    """SQLite would discard the log beside an empty file, though it may hold all that is left."""
    log = beside(path, "-wal")
    if path.stat().st_size == 0 and log.exists() and log.stat().st_size > 0:
        raise damaged(str(path), "it is empty and its log is not")


def _check_sound(db: sqlite3.Connection, path: Path) -> None:
    size = db.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
    if size > CHECKED_SIZE:
        return
    with closing(db.execute("PRAGMA quick_check(1)")) as found:
        verdict = found.fetchone()[0]
    if verdict != "ok":
        raise damaged(str(path), verdict)


def _check_ours(db: sqlite3.Connection, where: str) -> None:
    """Another program's database is not filled with our tables."""
    if check_version(db, where) == 0 and db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise MemoryUnavailable(f"{where}: a database of something else; it was left as it is: name another")


def _write_ahead(db: sqlite3.Connection) -> None:
    """Writers then never block readers. SQLite does not wait for its lock here, so we do."""
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(0.01)


def beside(path: Path, suffix: str) -> Path:
    """The companion of ``path`` whose name ends so."""
    return path.with_name(path.name + suffix)
