"""One answer as it comes from a server: deltas in, `Chunk` out, and what it cost at the end.

It must not know HTTP. Fed on the wire's thread, read and cancelled from any.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from engine.contract import Chunk, DoneReason, Request, Usage
from engine.remote.delta import Delta
from engine.remote.sse import Letters
from engine.text import Piece, StopStrings, ThinkSplitter


class Writing:
    """``guess`` gives the prompt's tokens where the server does not; ``context`` is in tokens, 0 unknown."""

    def __init__(self, request: Request, seed: int, context: int, guess: Callable[[], int]) -> None:
        self.request = request
        self._seed, self._context, self._guess = seed, context, guess
        self._out: queue.SimpleQueue[Chunk | BaseException] = queue.SimpleQueue()
        self._letters = {"text": Letters(), "thinking": Letters()}
        self._split = ThinkSplitter()
        self._stops = StopStrings(request.stop)
        self._lock = threading.RLock()  # an answer may be let go of anywhere, also inside
        self._submitted = time.perf_counter()
        self._first = self._last = 0.0
        self._deltas = self._read = 0
        self._finish: str | None = None
        self._counted = Delta()
        self.over = False

    @property
    def begun(self) -> bool:
        """Something was generated."""
        return self._deltas > 0

    @property
    def finished(self) -> bool:
        """The server has said why it ended."""
        return self._finish is not None

    def take(self) -> Chunk:
        """The next chunk, when it comes. Raises what went wrong."""
        item = self._out.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def push(self, delta: Delta) -> None:
        """What the server said next."""
        with self._lock:
            if self.over:
                return
            self._finish = delta.finish or self._finish
            if delta.counted:
                self._counted = delta
            if delta.prefill and not self._deltas:
                self._read = delta.prefill.total
                self._out.put(Chunk(prefill=delta.prefill))
            if delta.text or delta.thinking:
                self._speak(delta)
            if self._stops.reached:
                self._end("stop")

    def _speak(self, delta: Delta) -> None:
        self._last = time.perf_counter()
        self._first = self._first or self._last
        self._deltas += 1
        thinking = self._letters["thinking"].push(delta.thinking)
        piece = self._split.push(self._letters["text"].push(delta.text))
        self._put(Piece(self._stops.push(piece.text), thinking + piece.thinking))

    def _put(self, piece: Piece) -> None:
        if piece.text or piece.thinking:
            self._out.put(Chunk(piece.text, piece.thinking))

    def end(self, done: DoneReason | None = None) -> None:
        """The answer is over, by the server's own reason unless ``done`` is given; a second end is none."""
        with self._lock:
            if not self.over:
                self._end(done or self._reason())

    def fail(self, error: BaseException) -> None:
        """Nothing more comes, because of ``error``."""
        with self._lock:
            if not self.over:
                self.over = True
                self._out.put(error)

    def _end(self, done: DoneReason) -> None:
        self.over = True
        piece = self._split.flush()
        if not self._stops.reached:
            self._put(Piece(self._stops.push(piece.text) + self._stops.flush(), piece.thinking))
        self._out.put(Chunk(done=done, usage=self._usage()))

    def _reason(self) -> DoneReason:
        if self._finish != "length":
            return "stop"
        usage, most = self._usage(), self.request.max_tokens
        full = self._context and usage.prompt_tokens + usage.decode_tokens + 1 >= self._context
        if most is None:  # nothing else ends it so, but for a limit of the server's own
            return "context" if full or usage.estimated else "length"
        return "context" if full and usage.decode_tokens + 1 < most else "length"

    def _usage(self) -> Usage:
        counted = self._counted.counted
        first = max(0.0, (self._first or time.perf_counter()) - self._submitted)
        written = counted.completion if counted and counted.completion else self._deltas
        prefill = counted.prefill_seconds if counted else None
        return Usage(
            prompt_tokens=counted.prompt if counted else max(self._read, self._guess()),
            cached_tokens=counted.cached if counted else 0,
            prefill_seconds=first if prefill is None else prefill,
            first_token_seconds=first,
            decode_tokens=max(0, written - 1),
            decode_seconds=max(0.0, self._last - self._first),
            seed=self._seed,
            estimated=counted is None,
        )
