"""Small facts about files that take long to find out, remembered between runs in one JSON file.

It must not know what the facts are.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def remembered(about: Path, memo: Path, conditions: str = "") -> Any:
    """What was kept of this very file (path, size, time of change) under ``conditions``, or None."""
    entry = _entries(memo).get(_key(about, conditions))
    if not isinstance(entry, dict) or entry.get("stamp") != _stamp(about):
        return None
    return entry.get("value")


def remember(about: Path, value: Any, memo: Path, conditions: str = "") -> None:
    """Keep ``value`` (JSON); where nothing can be written, it is found out again next time.

    Replaces the file in one step, so that two programs cannot spoil it.
    """
    entries = _entries(memo)
    entries[_key(about, conditions)] = {"value": value, "stamp": _stamp(about)}
    with contextlib.suppress(OSError):
        memo.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=memo.parent, prefix=memo.name)
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(entries, file, indent=1)
            Path(name).replace(memo)
        except OSError:
            Path(name).unlink(missing_ok=True)


def _key(about: Path, conditions: str) -> str:
    return f"{about.resolve()} | {conditions}" if conditions else str(about.resolve())


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _entries(memo: Path) -> dict[str, Any]:
    try:
        found = json.loads(memo.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
