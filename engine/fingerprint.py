"""Identity of a base model: a hash over what a GGUF computes with, remembered so that it is read once.

Over the architecture and every tensor's name, shape, type and data; a changed chat template or title
is the same base.
"""

from __future__ import annotations

import hashlib
import mmap
import threading
from pathlib import Path

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
