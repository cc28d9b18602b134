"""An engine's one thread: tasks between decodes, and decodes as long as anybody waits for one.

It must not know what a task does, nor what computes: that is touched on this thread only.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Protocol, TypeVar

from engine.contract import EngineError

T = TypeVar("T")


class Steps(Protocol):
    """What is gone on with, a decode at a time."""

    @property
    def busy(self) -> bool: ...

    def step(self) -> None: ...

    def fail_all(self, error: BaseException) -> None: ...


def _always() -> bool:
    return True


def _nothing() -> None:
    pass


class Worker:
    """``after`` is called after every task and decode, ``at_end`` when all is over; both on the thread.

    ``has_room``: whether an exclusive task may begin.
    """

    def __init__(
        self,
        scheduler: Steps,
        has_room: Callable[[], bool] = _always,
        after: Callable[[], None] = _nothing,
        at_end: Callable[[], None] = _nothing,
    ) -> None:
        self._scheduler, self._has_room = scheduler, has_room
        self._after, self._at_end = after, at_end
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._exclusive: deque[Callable[[], None]] = deque()
        self._lock = threading.RLock()  # an answer may be let go of anywhere, also inside
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    @contextmanager
    def while_open(self) -> Iterator[None]:
        """Nothing is freed inside. Raises `EngineError` once the engine is closing."""
        with self._lock:
            if self.closing.is_set():
                raise EngineError("the model is closed")
            yield

    def post(self, task: Callable[[], None]) -> None:
        """Do it soon. Raises `EngineError` once the engine is closing."""
        with self.while_open():
            self._inbox.put(task)

    def run(self, work: Callable[[], T], exclusive: bool = False) -> T:
        """Do it between two decodes and wait for the result; ``exclusive``: once there is room."""
        future: Future[T] = Future()

        def task() -> None:
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the result
                future.set_exception(error)

        self.post(partial(self._exclusive.append, task) if exclusive else task)
        return future.result()

    def close(self, cancel: Callable[[], None]) -> None:
        """Take no more, ``cancel`` what runs, and wait for the end. Closing twice is nothing."""
        with self._lock:
            if self.closing.is_set():
                return
            self.closing.set()
        cancel()
        self._inbox.put(lambda: None)
        self._thread.join()

    def _work(self) -> None:
        while not self.closing.is_set() or self._busy():
            if self._inbox.empty() and self._scheduler.busy:
                self._step()
            else:
                self._inbox.get()()
            while self._exclusive and self._has_room():
                self._exclusive.popleft()()
            self._after()
        self._at_end()

    def _busy(self) -> bool:
        return bool(self._scheduler.busy or self._exclusive or not self._inbox.empty())

    def _step(self) -> None:
        try:
            self._scheduler.step()
        except Exception as error:  # noqa: BLE001 - those who wait must hear it, and the thread go on
            self._scheduler.fail_all(error)
