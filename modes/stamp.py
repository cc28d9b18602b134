"""Whether the files of a directory are still those that were read, without reading them.

This module must not know what is in them.
"""

from __future__ import annotations

import os
from pathlib import Path

#: Name, time of the last change in nanoseconds, and size of every file; None without the directory.
Stamp = frozenset[tuple[str, int, int]] | None


def stamp(directory: Path) -> Stamp:
    """A value that differs once a ``*.toml`` of ``directory`` was added, changed or removed."""
    try:
        with os.scandir(directory) as entries:
            return frozenset(
                (entry.name, found.st_mtime_ns, found.st_size)
                for entry in entries
                if entry.name.endswith(".toml") and (found := _stat(entry)) is not None
            )
    except OSError:
        return None


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:  # gone since, or a link to nothing
        return None
