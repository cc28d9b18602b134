"""Backups: all conversations as one file of its own, and the way back.

A running store is three files at once, so copying them with other tools can tear them apart.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tui.core.newfile import new_file, reason
from tui.core.store.errors import StoreError, translated
from tui.core.store.schema import check_version

_LOGS = ("-wal", "-shm", "-journal")


class CopyError(StoreError):
    """A backup that cannot be made or restored; what was there is untouched."""


def backup(db: sqlite3.Connection, file: Path) -> None:
    """Write all that ``db`` holds into the new file ``file``, private to the user. Raises `CopyError`."""
    with _told(file, "no backup was made"), new_file(file) as part:
        db.execute("VACUUM INTO ?", (str(part),))


def restore(file: Path, path: Path) -> None:
    """Make ``path``, where no store may be yet, from the backup ``file``, which stays as it is.

    The folder of ``path`` is there already, and nobody has the store open. Raises `CopyError`;
    `StoreUnusable` for a backup of a newer program.
    """
    for left in (path, *(_beside(path, log) for log in _LOGS)):
        if left.exists():
            raise CopyError(
                f"{left} is there already and was left as it is: move it away, or tui data remove, first"
            )
    if not file.is_file():
        raise CopyError(f"{file} is no file that can be read: name a file that tui data backup made")
    with _told(path, "nothing was restored"), new_file(path) as part:
        try:
            shutil.copyfile(file, part)
            if _beside(file, "-wal").exists():  # a copy of a running store: its log holds the newest
                shutil.copyfile(_beside(file, "-wal"), _beside(part, "-wal"))
            _check(part, file)
        finally:
            for log in _LOGS:
                _beside(part, log).unlink(missing_ok=True)


def _check(part: Path, file: Path) -> None:
    """The copy is whole, one file and a store of ours. Raises `CopyError`, `StoreUnusable`."""
    sound = False
    try:
        with translated(file), closing(sqlite3.connect(part, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = DELETE").fetchall()
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
            sound = {"conversation", "message"} <= tables
            sound = sound and db.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
            version = check_version(db, str(file))
    except StoreError as error:
        if not isinstance(error.__cause__, sqlite3.DatabaseError):
            raise
        sound = False
    if not sound or version == 0:
        raise CopyError(
            f"{file} is damaged, or no backup of conversations: name a file that tui data backup made"
        )


@contextmanager
def _told(file: Path, outcome: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise CopyError(f"{file} is there already and was left as it is: give another name") from None
    except (OSError, sqlite3.Error) as error:
        raise CopyError(
            f"{file} cannot be written ({reason(error)}): {outcome}; "
            "name a file in a folder that is there, writable and not full"
        ) from error


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
