"""One turn on a thread of its own, whose events wait in a queue until the screen takes them.

This module must not know the screen. The thread is a daemon, so that a program that ends does not wait for
a model that is still being loaded.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass

from tui.core.conversation import Started
from tui.core.session import Session
from tui.core.turn import Ask, Event, Turns


@dataclass(frozen=True, slots=True)
class Refused:
    """The turn ended without `Finished`; nothing of it is on record unless `Started` came before.

    ``error`` is None when it was stopped before it began.
    """

    error: BaseException | None


@dataclass(frozen=True, slots=True)
class At:
    """An event and when it happened, in seconds of `time.perf_counter`."""

    time: float
    event: Event | Refused


class Running:
    """A turn under way. All methods are for the screen's thread."""

    def __init__(self, session: Session, ask: Ask) -> None:
        self.ask = ask
        self.begun = time.perf_counter()
        self._session = session
        self._queue: queue.SimpleQueue[At] = queue.SimpleQueue()
        self._answer: str | None = None
        self._turns: Turns | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="turn", daemon=True)

    def start(self) -> None:
        """Begin; returns at once. The turn waits for the model if need be."""
        self._thread.start()

    @property
    def stopping(self) -> bool:
        """`stop` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """End the answer soon. May be repeated: a stop that came too early for the engine is lost."""
        self._stopping.set()
        if self._turns and self._answer:
            self._turns.stop(self._answer)

    def drain(self) -> list[At]:
        """What has happened since the last call, in order."""
        events = [self._queue.get() for _ in range(self._queue.qsize())]
        if self.stopping:
            self.stop()
        return events

    def join(self, seconds: float) -> None:
        """Wait for the end of the turn, not longer than ``seconds``."""
        end = time.monotonic() + seconds
        while self._thread.is_alive() and time.monotonic() < end:
            if self.stopping:
                self.stop()
            self._thread.join(0.05)

    def _work(self) -> None:
        try:
            self._turns = self._session.turns()
            if self.stopping:
                return self._put(Refused(None))
            for event in self._turns.run(self.ask):
                if isinstance(event, Started):
                    self._answer = event.answer.id
                self._put(event)
        except BaseException as error:  # noqa: BLE001 - the screen must hear of it, or it waits for ever
            self._put(Refused(error))

    def _put(self, event: Event | Refused) -> None:
        self._queue.put(At(time.perf_counter(), event))
