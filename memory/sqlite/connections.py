"""Connections for any thread: one that writes, and readers that never wait for it.

It must not know tables.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memory.contract import MemoryUnavailable
from memory.sqlite.errors import StoreBusy, name_of, translated
from memory.sqlite.opening import PATIENCE, another, prepare
from memory.sqlite.schema import snapshot, transaction

#: Readers that are kept for the next one; more are made when more threads read at once.
_KEPT = 4

#: How long `Connections.hurried` waits, in seconds.
_HURRY = 0.02


class Connections:
    """All connections of a store. Raises `MemoryUnavailable`, also once closed."""

    def __init__(self, path: Path | None) -> None:
        """Make or open the file ``path``; None: in memory, where all share one connection."""
        self.path = path
        self._writer = prepare(path)
        self._writes = threading.RLock()
        self._readers: list[sqlite3.Connection] = []
        self._pool = threading.Lock()
        self._closed = False

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on the disk when it ends."""
        with self._writes:
            self._check()
            with translated(self.path), transaction(self._writer):
                yield self._writer

    @contextmanager
    def hurried(self) -> Iterator[sqlite3.Connection]:
        """A transaction that may be lost with the machine's power, and is not waited for.

        Raises `StoreBusy` when somebody else writes.
        """
        if not self._writes.acquire(timeout=_HURRY):
            raise StoreBusy(f"{name_of(self.path)}: another thread writes")
        try:
            self._check()
            with translated(self.path):
                self._writer.execute("PRAGMA busy_timeout = 0")
                self._writer.execute("PRAGMA synchronous = NORMAL")
                try:
                    with transaction(self._writer):
                        yield self._writer
                finally:
                    self._writer.execute("PRAGMA synchronous = FULL")
                    self._writer.execute(f"PRAGMA busy_timeout = {round(PATIENCE * 1000)}")
        finally:
            self._writes.release()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """What is there at one moment; a write that is under way is not waited for."""
        if self.path is None:
            with self._writes:
                self._check()
                with translated(None):
                    yield self._writer
            return
        with translated(self.path):
            db = self._reader(self.path)
            try:
                with snapshot(db):
                    yield db
            finally:
                self._give_back(db)

    def close(self) -> None:
        """End all; a reader that is still at work is closed when it is done. Twice does nothing."""
        with self._writes, self._pool, translated(self.path):
            self._closed = True
            for reader in self._readers:
                reader.close()
            self._readers.clear()
            self._writer.close()

    def _reader(self, path: Path) -> sqlite3.Connection:
        with self._pool:
            self._check()
            if self._readers:
                return self._readers.pop()
        return another(path)

    def _give_back(self, db: sqlite3.Connection) -> None:
        with self._pool:
            if not self._closed and len(self._readers) < _KEPT:
                self._readers.append(db)
                return
        db.close()

    def _check(self) -> None:
        if self._closed:
            raise MemoryUnavailable(f"{name_of(self.path)}: it was closed: open it again")
