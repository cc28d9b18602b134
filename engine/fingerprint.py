"""Identity of a base model: a hash over what a GGUF computes with, remembered so that it is read once.

Over the architecture and every tensor's name, shape, type and data; a changed chat template or title
is the same base.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from engine.header import read_header

_CHUNK = 16 << 20


def fingerprint(path: Path, cancelled: threading.Event | None = None) -> str | None:
    """SHA-256 (hex) of the base in ``path``; None when ``cancelled`` was set on the way."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as data,
    ):
        return _digest(data, cancelled)


def _digest(data: memoryview, cancelled: threading.Event | None) -> str | None:
    header = read_header(data)
    digest = hashlib.sha256(repr(header.architecture).encode())
    for tensor in header.tensors:
        digest.update(repr((tensor.name, list(tensor.shape), tensor.kind.name)).encode())
        for start in range(tensor.start, tensor.start + tensor.size, _CHUNK):
            if cancelled is not None and cancelled.is_set():
                return None
            with data[start : min(start + _CHUNK, tensor.start + tensor.size)] as part:
                digest.update(part)
    return digest.hexdigest()


def remembered(path: Path, cache: Path) -> str | None:
    """The fingerprint kept for this very file (path, size, time of change), or None."""
    entry = _entries(cache).get(str(path.resolve()))
    if not isinstance(entry, dict) or entry.get("stamp") != _stamp(path):
        return None
    value = entry.get("fingerprint")
    return value if isinstance(value, str) else None


def remember(path: Path, value: str, cache: Path) -> None:
    """Keep a fingerprint; where nothing can be written, it is made again next time.

    Replaces the file in one step, so that two programs cannot spoil it.
    """
    entries = _entries(cache)
    entries[str(path.resolve())] = {"fingerprint": value, "stamp": _stamp(path)}
    with contextlib.suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=cache.parent, prefix=cache.name)
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(entries, file, indent=1)
            Path(name).replace(cache)
        except OSError:
            Path(name).unlink(missing_ok=True)


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _entries(cache: Path) -> dict[str, Any]:
    try:
        found = json.loads(cache.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
