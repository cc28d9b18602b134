"""Open the database file: private, sound and up to date, with a damaged one set aside.

It must not know conversations; it hands over a connection that is ready for them.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tui.core.paths import PathUnusable, ensure_private_dir, ensure_private_file, tighten_file
from tui.core.store.deletion import purge
from tui.core.store.errors import Damaged, StoreUnusable, translated
from tui.core.store.presence import Presence
from tui.core.store.recovery import end_abandoned_answers
from tui.core.store.schema import check_version, migrate

#: How long to wait for another program's lock, in seconds.
PATIENCE = 5.0

#: Files up to this size (bytes) are checked whole at every start. Damage comes from disks and from tools
#: that copy files, not from our own end, so a clean end proves nothing; above it the check would be felt.
CHECKED_SIZE = 64 * 1024 * 1024


class Opened(NamedTuple):
    """A ready connection. ``notice`` tells the operator of a damaged file that was set aside."""

    db: sqlite3.Connection
    path: Path | None = None
    notice: str | None = None
    presence: Presence | None = None

    def close(self) -> None:
        with translated(self.path):
            self.db.close()
        if self.presence is not None:
            self.presence.close()


def open_memory() -> Opened:
    """A database of this process alone, gone when it is closed."""
    return Opened(_ready(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False), None))


def open_file(path: Path) -> Opened:
    """Open or make ``path``, setting a damaged file aside.

    Raises `StoreUnusable`, `StoreFull`, or `StoreError` when another program holds the file.
    """
    try:
        ensure_private_dir(path.parent)
        presence = Presence(path)
    except PathUnusable as error:
        raise StoreUnusable(str(error)) from error
    try:
        return _open_shared(path, presence)
    except BaseException:
        presence.close()
        raise


def _open_shared(path: Path, presence: Presence) -> Opened:
    give_up = time.monotonic() + PATIENCE
    while True:
        presence.share(PATIENCE)
        try:
            return Opened(_connect(path), path, presence=presence)
        except Damaged as error:
            if presence.alone():
                db, notice = _connect_or_replace(path)
                presence.share(PATIENCE)
                return Opened(db, path, notice, presence)
            if time.monotonic() > give_up:
                raise StoreUnusable(
                    f"{path} is damaged and another program has it open: close that program and "
                    "start again; the file will be set aside, not deleted"
                ) from error
        time.sleep(0.02)


def _connect_or_replace(path: Path) -> tuple[sqlite3.Connection, str | None]:
    """To be called alone: a program that was here before us may already have replaced the file."""
    try:
        return _connect(path), None
    except Damaged:
        kept = _set_aside(path)
        notice = f"{path} was damaged and is kept as {kept.name}; a new, empty one was made"
        return _connect(path), notice


def _connect(path: Path) -> sqlite3.Connection:
    try:
        ensure_private_file(path)
        for suffix in ("-wal", "-shm"):
            tighten_file(_beside(path, suffix))
    except PathUnusable as error:
        raise StoreUnusable(str(error)) from error
    _check_log(path)
    with translated(path):
        db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            return _ready(db, path)
        except BaseException:
            db.close()
            raise


def _ready(db: sqlite3.Connection, path: Path | None) -> sqlite3.Connection:
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA secure_delete = ON")
    where = str(path or "conversations in memory")
    check_version(db, where)  # before anything that writes: a newer store is left as it was
    if path is not None:
        _check_sound(db, path)
        _write_ahead(db)
        db.execute("PRAGMA synchronous = FULL")
    migrate(db, where)
    end_abandoned_answers(db)
    purge(db, time.time())
    return db


def _check_log(path: Path) -> None:
    """SQLite would discard the log beside an empty file, though it may hold all that is left."""
    log = _beside(path, "-wal")
    if path.stat().st_size == 0 and log.exists() and log.stat().st_size > 0:
        raise Damaged(f"{path} is empty and its log is not")


def _check_sound(db: sqlite3.Connection, path: Path) -> None:
    size = db.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
    if size > CHECKED_SIZE:
        return
    with closing(db.execute("PRAGMA quick_check(1)")) as found:
        verdict = found.fetchone()[0]
    if verdict != "ok":
        raise Damaged(f"{path} is damaged: {verdict}")


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


def _set_aside(path: Path) -> Path:
    """Rename the file and its companions; the main one last, or SQLite would discard a lone log."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    kept, attempt = _beside(path, f".damaged-{stamp}"), 1
    while kept.exists():
        attempt += 1
        kept = _beside(path, f".damaged-{stamp}-{attempt}")
    try:
        for suffix in ("-wal", "-shm", ""):
            if (part := _beside(path, suffix)).exists():
                part.rename(_beside(kept, suffix))
    except OSError as error:
        raise StoreUnusable(
            f"{path} is damaged and cannot be renamed ({error.strerror}): move it away, "
            "or set MODESHARE_DATA_DIR to a writable directory"
        ) from error
    return kept


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
