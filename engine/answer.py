"""One answer on its way out: its chunks in a queue, its text in whole letters, its clock and its `Usage`.

It must not know what computes the tokens. Its chunks may be taken, and `Telling.cancelled` set, from any
thread; all else belongs to the engine's.
"""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engine.contract import Chunk, DoneReason, Prefill, Request, Sampling, Usage
from engine.text import THINK_OPEN, TextStream

_SEED_BITS = 31


def draw_seed(sampling: Sampling) -> int:
    """The seed asked for, else a fresh one (so that every answer can be asked for again)."""
    return secrets.randbits(_SEED_BITS) if sampling.seed is None else sampling.seed


@dataclass(slots=True)
class _Clock:
    """When things happened, on the monotonic clock, in seconds."""

    submitted: float
    begun: float = 0.0
    read: float = 0.0
    first_token: float = 0.0
    last_token: float = 0.0


class Telling:
    """What is told of ``request``, whose rendered ``prompt`` is so many ``tokens``.

    ``stops`` are stop strings beside its own. ``seed`` is the one that its tokens are drawn with.
    """

    def __init__(self, request: Request, prompt: str, tokens: int, stops: Sequence[str]) -> None:
        self.request = request
        self.cancelled = threading.Event()
        self.seed = draw_seed(request.sampling)
        self.thinks_first = prompt.rstrip().endswith(THINK_OPEN)
        self._out: queue.SimpleQueue[Chunk | BaseException] = queue.SimpleQueue()
        self._clock = _Clock(time.perf_counter())
        self._text = TextStream((*request.stop, *stops), thinking=self.thinks_first)
        self._total, self._kept = tokens, 0
        self._decoded = self._thought = 0
        self._unsent: list[int] = []

    def take(self) -> Chunk:
        """The next chunk, when it comes. Raises what went wrong."""
        item = self._out.get()
        if isinstance(item, BaseException):
            raise item
        return item

    @property
    def writing(self) -> bool:
        """The prompt has been read: a token has been chosen."""
        return self._clock.read > 0

    @property
    def answering(self) -> bool:
        """Whether all reasoning is over, or there was none."""
        return self._text.answering

    def begin(self, kept: int) -> None:
        """Reading begins after the first ``kept`` tokens of the prompt, which were read before."""
        self._kept = kept
        self._clock.begun = time.perf_counter()
        self.reading(kept)

    def reading(self, done: int) -> None:
        """So much of the prompt is read."""
        self._out.put(Chunk(prefill=Prefill(done, self._total)))

    def chosen(self) -> None:
        """A token has just been chosen, be it one that ends the answer."""
        clock = self._clock
        clock.last_token = time.perf_counter()
        if not self.writing:
            clock.read = clock.first_token = clock.last_token

    def say(self, token: int, raw: bytes) -> DoneReason | None:
        """``token``, which shows as ``raw``, belongs to the answer; why it is over, if it is."""
        self._decoded += 1
        self._unsent.append(token)
        piece = self._text.push(raw)
        if piece.text or piece.thinking:
            self._out.put(Chunk(text=piece.text, thinking=piece.thinking, tokens=tuple(self._unsent)))
            self._unsent = []
        if self._text.stopped:
            return "stop"
        limit = self.request.max_tokens
        return "length" if limit is not None and self._decoded >= limit else None

    def spent(self) -> bool:
        """Whether the token said last was thinking, and the last that the budget allows."""
        if self.request.thinking_budget is None or not self._text.thinking:
            return False
        self._thought += 1
        return self._thought == self.request.thinking_budget

    def end(self, reason: DoneReason) -> None:
        """The last chunk, with what the answer cost."""
        clock, rest, now = self._clock, self._text.flush(), time.perf_counter()
        usage = Usage(
            prompt_tokens=self._total,
            cached_tokens=self._kept,
            prefill_seconds=(clock.read or now) - (clock.begun or now),
            first_token_seconds=(clock.first_token or now) - clock.submitted,
            decode_tokens=max(0, self._decoded - 1),
            decode_seconds=clock.last_token - clock.first_token,
            seed=self.seed,
        )
        self._out.put(
            Chunk(
                text=rest.text, thinking=rest.thinking, tokens=tuple(self._unsent), done=reason, usage=usage
            )
        )

    def fail(self, error: BaseException) -> None:
        """Whoever reads the stream gets ``error``."""
        self._out.put(error)


class Answer(Iterator[Chunk]):
    """The chunks of one answer. Closing it, or letting go of it, cancels what is not there yet."""

    def __init__(self, telling: Telling, cancel: Callable[[str], None]) -> None:
        self._telling, self._cancel, self._over = telling, cancel, False

    def __next__(self) -> Chunk:
        if self._over:
            raise StopIteration
        try:
            item = self._telling.take()
        except BaseException:
            self.close()
            raise
        if item.done is not None:
            self.close()
        return item

    def close(self) -> None:
        """Cancel the request unless it is over."""
        if not self._over:
            self._over = True
            self._cancel(self._telling.request.id)

    def __del__(self) -> None:
        self.close()
