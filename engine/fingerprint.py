"""Identity of a base model: a hash over what a GGUF computes with, remembered so that it is read once.

Over the architecture and every tensor's name, shape, type and data; a changed chat template or title
is the same base.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from gguf import GGUFReader

_CHUNK = 16 << 20


def fingerprint(path: Path, cancelled: threading.Event | None = None) -> str | None:
    """SHA-256 (hex) of the base in ``path``; None when ``cancelled`` was set on the way."""
    reader = GGUFReader(path)
    field = reader.get_field("general.architecture")
    digest = hashlib.sha256(repr(field.contents() if field else None).encode())
    for tensor in reader.tensors:
        shape = [int(size) for size in tensor.shape]
        digest.update(repr((tensor.name, shape, tensor.tensor_type.name)).encode())
        data = memoryview(tensor.data.reshape(-1)).cast("B")
        for start in range(0, len(data), _CHUNK):
            if cancelled is not None and cancelled.is_set():
                return None
            digest.update(data[start : start + _CHUNK])
    return digest.hexdigest()


def remembered(path: Path, cache: Path) -> str | None:
    """The fingerprint kept for this very file (path, size, time of change), or None."""
    entry = _entries(cache).get(str(path.resolve()))
    return str(entry["fingerprint"]) if entry and entry["stamp"] == _stamp(path) else None


def remember(path: Path, value: str, cache: Path) -> None:
    """Keep a fingerprint. Replaces the file in one step, so that two programs cannot spoil it."""
    entries = _entries(cache)
    entries[str(path.resolve())] = {"fingerprint": value, "stamp": _stamp(path)}
    cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=cache.parent, prefix=cache.name)
    with os.fdopen(handle, "w") as file:
        json.dump(entries, file, indent=1)
    Path(name).replace(cache)


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _entries(cache: Path) -> dict[str, Any]:
    try:
        found = json.loads(cache.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
