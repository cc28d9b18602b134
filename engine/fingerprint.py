"""Identity of a base model: a hash over what a file computes with, remembered so that it is read once.

Over the architecture and every tensor's name, shape, type and data; a changed chat template or title
is the same base. A model that is a directory has its own (`engine.folder`).
"""

from __future__ import annotations

import hashlib
import mmap
import threading
from concurrent.futures import Future
from pathlib import Path

from engine import memo
from engine.folder import folder_digest, stamps
from engine.header import read_header

_CHUNK = 16 << 20


def fingerprint(path: Path, cancelled: threading.Event | None = None) -> str | None:
    """SHA-256 (hex) of the base in ``path``; None when ``cancelled`` was set on the way."""
    if path.is_dir():
        return folder_digest(path, cancelled)
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


class Fingerprint:
    """The fingerprint of ``path``, known from ``remembered_in`` or read on a thread of its own.

    ``given_up`` ends the reading.
    """

    def __init__(self, path: Path, remembered_in: Path | None, given_up: threading.Event) -> None:
        self._path, self._memo, self._given_up = path, remembered_in, given_up
        self._future: Future[str | None] = Future()
        self._about, self._conditions = path, ""
        if path.is_dir():
            self._about, self._conditions = path / "config.json", stamps(path)
        known = memo.remembered(self._about, remembered_in, self._conditions) if remembered_in else None
        if isinstance(known, str):
            self._future.set_result(known)
        else:
            threading.Thread(target=self._read, name="fingerprint", daemon=True).start()

    def get(self, wait: bool = True) -> str | None:
        """With ``wait=False`` None while it is being read. Raises what reading raised."""
        return self._future.result() if wait or self._future.done() else None

    def _read(self) -> None:
        try:
            value = fingerprint(self._path, self._given_up)
            if value and self._memo:
                memo.remember(self._about, value, self._memo, self._conditions)
            self._future.set_result(value)
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the result
            self._future.set_exception(error)
