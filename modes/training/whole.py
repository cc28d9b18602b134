"""A file that is replaced whole, never half."""

from __future__ import annotations

import os
from pathlib import Path


def replace_whole(path: Path, content: bytes | memoryview) -> None:
    """Put ``content`` in the place of the file at ``path``, for the owner alone; its folder is made.

    Raises `OSError`, and what was there stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    try:
        with open(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:  # noqa: PTH123
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
