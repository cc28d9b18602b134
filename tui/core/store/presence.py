"""A lock that says "this program has the store open", so that nobody renames it meanwhile.

SQLite's own locks stand in the file that would be renamed, and its last user deletes the log by name, which
by then would be the new file's log. It must not know SQLite.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui.core.paths import PathUnusable, ensure_private_file
from tui.core.store.errors import StoreError


@contextmanager
def in_use(path: Path) -> Iterator[bool]:
    """Whether another program has ``path`` open; when none has, none can open it meanwhile.

    Raises `PathUnusable`, `StoreError`.
    """
    presence = Presence(path)
    try:
        yield not presence.alone()
    finally:
        presence.close()


class Presence:
    """Shared by all programs that have ``path`` open; held alone only to set that file aside."""

    def __init__(self, path: Path) -> None:
        """Raises `PathUnusable` when the lock's file, ``path`` with ``.lock`` added, cannot be made."""
        self._path = ensure_private_file(path.with_name(path.name + ".lock"))
        try:
            self._file = self._path.open("r+b")
        except OSError as error:
            raise PathUnusable(self._path, (error.strerror or str(error)).lower()) from error

    def share(self, patience: float) -> None:
        """Be one of many. Raises `StoreError` after ``patience`` seconds of another being alone."""
        give_up = time.monotonic() + patience
        while not self._take(fcntl.LOCK_SH):
            if time.monotonic() > give_up:
                raise StoreError(f"{self._path}: another program holds it: close it, or try again")
            time.sleep(0.02)

    def alone(self) -> bool:
        """Be the only one, at once or not at all; when refused, nothing is held and `share` is due."""
        return self._take(fcntl.LOCK_EX)

    def close(self) -> None:
        self._file.close()

    def _take(self, kind: int) -> bool:
        try:
            fcntl.flock(self._file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise StoreError(
                f"{self._path}: this file system has no locks ({error.strerror}): "
                "set MODESHARE_DATA_DIR to a directory on a local disk"
            ) from error
        return True
