"""The log of recalls: which memories were shown with which scores, and how long it took. Never the query.

A recall does not wait for its entry: what cannot be written at once is written with the next one.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections import deque
from collections.abc import Sequence

from memory.sqlite.connections import Connections
from memory.sqlite.errors import StoreBusy

#: Entries that are kept, the newest.
KEPT = 10_000
#: Entries that wait to be written, at most; the oldest are given up.
_WAITING = 1_000


class RetrievalLog:
    """Notes recalls. The methods may be called from any thread."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._waiting: deque[tuple[float, float, str]] = deque(maxlen=_WAITING)
        self._lock = threading.Lock()

    def note(self, at: float, shown: Sequence[tuple[str, float]], milliseconds: float) -> None:
        """Log (id, score) of what was shown. Raises `MemoryUnavailable`, but not for a store that is busy."""
        entry = json.dumps([[one, round(float(score), 4)] for one, score in shown])
        with self._lock:
            self._waiting.append((at, float(milliseconds), entry))
            with contextlib.suppress(StoreBusy), self._connections.hurried() as db:
                self._write(db)

    def flush(self) -> None:
        """Write what waits. Raises `MemoryUnavailable`."""
        with self._lock:
            if self._waiting:
                with self._connections.writing() as db:
                    self._write(db)

    def _write(self, db: sqlite3.Connection) -> None:
        db.executemany(
            "INSERT INTO retrieval_log (at, milliseconds, shown) VALUES (?, ?, ?)", list(self._waiting)
        )
        db.execute("DELETE FROM retrieval_log WHERE seq <= (SELECT max(seq) FROM retrieval_log) - ?", (KEPT,))
        self._waiting.clear()
