"""An embedder that is waited for only so long: a model that is still loading holds no answer up."""

from __future__ import annotations

import threading

from memory.contract import Embedder, EmbedderUnavailable, Vector

_NOT_YET = "the embedding model is not ready yet: memories are found by keywords only"


class Patient:
    """Asks ``embedder`` on a thread of its own and waits ``seconds`` at most; one question at a time."""

    def __init__(self, embedder: Embedder, seconds: float) -> None:
        self._embedder, self._seconds = embedder, seconds
        self._busy = threading.Lock()

    def vector(self, text: str) -> Vector:
        """The embedding of a question. Raises `EmbedderUnavailable`, also when it takes too long."""
        outcome: list[Vector | Exception] = []
        done = threading.Event()

        def ask() -> None:
            try:
                rows = self._embedder.embed([text], query=True)
                outcome.append(Vector(rows[0], self._embedder.model))
            except Exception as trouble:  # noqa: BLE001 (raised again below, on the thread that asked)
                outcome.append(trouble)
            finally:
                self._busy.release()
                done.set()

        if not self._busy.acquire(timeout=self._seconds):
            raise EmbedderUnavailable(_NOT_YET)
        threading.Thread(target=ask, name="embedding", daemon=True).start()
        if not done.wait(self._seconds):
            raise EmbedderUnavailable(_NOT_YET)
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]
