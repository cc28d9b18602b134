"""Where the user's files live, and how they are kept private to the user.

It knows folders and file modes only, nothing of what stands in the files.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

APP = "modeshare"
CONFIG_VARIABLE = "MODESHARE_CONFIG_DIR"
DATA_VARIABLE = "MODESHARE_DATA_DIR"

PRIVATE_DIR = 0o700
PRIVATE_FILE = 0o600


#: Every name that we give to something in the data folder: that, and only that, `tui data remove` removes.
_OURS = re.compile(
    r"conversations\.sqlite3(-wal|-shm|-journal|\.lock)?"
    r"|conversations\.sqlite3\.damaged-\d{8}T\d{6}Z(-\d+)?(-wal|-shm)?"
    r"|memories\.sqlite3(-wal|-shm|-journal)?"
    r"|memories\.sqlite3\.vectors-[0-9a-f]{16}(\.[0-9a-f]{16}\.part)?"
    r"|(models|fingerprints)\.json[a-z0-9_]{0,8}"  # with what a killed program left of a new one
    r"|history\.jsonl(\.\d+)?"
    r"|subspace|training|evaluations|loads|adapters"
    r"|\.[0-9a-f]{16}\.part(-wal|-shm|-journal)?"
)


class PathUnusable(Exception):
    """A folder or file that cannot be made, read or written; the text says why and what to do."""

    def __init__(self, path: Path, reason: str, variable: str = DATA_VARIABLE) -> None:
        self.path = path
        super().__init__(f"{path}: {reason}: set {variable} to a writable directory")


def config_dir() -> Path:
    """``MODESHARE_CONFIG_DIR``, or the user's configuration folder. Nothing is made on disk.

    Raises `PathUnusable` for a ``~`` of nobody.
    """
    if chosen := _chosen(CONFIG_VARIABLE):
        return chosen
    from platformdirs import user_config_path

    return user_config_path(APP, appauthor=False)


def data_dir() -> Path:
    """``MODESHARE_DATA_DIR``, or the user's data folder. Nothing is made on disk.

    Raises `PathUnusable` for a ``~`` of nobody.
    """
    if chosen := _chosen(DATA_VARIABLE):
        return chosen
    from platformdirs import user_data_path

    return user_data_path(APP, appauthor=False)


def conversations_file() -> Path:
    """The file in which `tui.core.store` keeps the conversations."""
    return data_dir() / "conversations.sqlite3"


def memories_file(data: Path) -> Path:
    """The file in which `memory.sqlite` keeps the memories."""
    return data / "memories.sqlite3"


def subspace_dir(data: Path) -> Path:
    """Where the coefficients of modes are kept, in versions (`modes.share.library`)."""
    return data / "subspace"


def adapters_dir(data: Path) -> Path:
    """Where adapters are written for servers that read them as files."""
    return data / "adapters"


def our_data(folder: Path) -> list[Path]:
    """What of ours lies in the data folder; files of anyone else's are not among it.

    The lock comes last, so that it holds until all else is gone. Raises `PathUnusable`.
    """
    try:
        found = [path for path in sorted(folder.iterdir()) if _OURS.fullmatch(path.name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise PathUnusable(folder, _reason(error)) from error
    return sorted(found, key=lambda path: path.suffix == ".lock")


def ensure_private_dir(path: Path, variable: str = DATA_VARIABLE) -> Path:
    """Make ``path`` (0700) with its parents, tighten it if it is ours and looser, and return it.

    Raises `PathUnusable`, whose remedy names ``variable``.
    """
    try:
        path.mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
        _tighten(path, PRIVATE_DIR)
    except OSError as error:
        raise PathUnusable(path, _reason(error), variable) from error
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise PathUnusable(path, "not writable by this user", variable)
    return path


def ensure_private_file(path: Path, variable: str = DATA_VARIABLE) -> Path:
    """Make ``path`` (empty, 0600) unless it is there, tighten it if it is ours and looser, return it.

    Never opens a file that exists: closing it would drop the locks that SQLite holds on it for this
    process. Raises `PathUnusable`.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
    except FileExistsError:
        tighten_file(path, variable)
    except OSError as error:
        raise PathUnusable(path, _reason(error), variable) from error
    return path


def tighten_file(path: Path, variable: str = DATA_VARIABLE) -> None:
    """Take everyone else's rights from ``path`` if it is there and ours. Raises `PathUnusable`."""
    try:
        if path.exists() and not path.is_file():
            raise PathUnusable(path, "not a file", variable)
        _tighten(path, PRIVATE_FILE)
    except FileNotFoundError:
        return
    except OSError as error:
        raise PathUnusable(path, _reason(error), variable) from error


def _chosen(variable: str) -> Path | None:
    value = os.environ.get(variable, "")
    try:
        return Path(value).expanduser().absolute() if value else None
    except RuntimeError:
        raise PathUnusable(Path(value), "no such home directory", variable) from None


def _tighten(path: Path, mode: int) -> None:
    found = path.stat()
    # A sticky folder (/tmp) is shared on purpose, even when root is the one who looks.
    if found.st_uid == os.getuid() and found.st_mode & 0o077 and not found.st_mode & stat.S_ISVTX:
        path.chmod(mode)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
