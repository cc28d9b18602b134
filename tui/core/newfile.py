"""A new file that appears whole or not at all, private to the user, and never in the place of another.

It must not know what is written.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui.core.paths import PRIVATE_FILE

_PART = ".part"


@contextmanager
def new_file(file: Path) -> Iterator[Path]:
    """Write to the path given, which is empty and beside ``file``; at the end it takes that name.

    Raises `FileExistsError` when ``file`` is there, other `OSError` when it cannot be made.
    """
    if os.path.lexists(file):
        raise FileExistsError
    part = file.with_name(f".{secrets.token_hex(8)}{_PART}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        _take_name(part, file)
    finally:
        part.unlink(missing_ok=True)


def reason(error: Exception) -> str:
    """Why a file could not be made, in small letters."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def _take_name(part: Path, file: Path) -> None:
    """Rename without ever replacing: a link fails where a rename would overwrite."""
    try:
        file.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # a file system without links (FAT, some network ones): claim the name, then fill it
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
        try:
            part.replace(file)
        except OSError:
            with contextlib.suppress(OSError):
                file.unlink()
            raise
