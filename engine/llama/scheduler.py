"""Which answers are read for next, when several are under way on one context.

Answers in the same coefficients are decoded together; groups in different ones take turns. A long prompt is
read in pieces that are kept short while anybody is writing. It knows nothing of requests but their tokens.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.contract import DoneReason, GenerationFailed, Scales
from engine.llama.cache import PrefixCache
from engine.llama.context import Aborted, ActiveAdapters, LlamaContext, Row
from engine.llama.generation import Generation

#: Seconds that one group has before another one's turn: a change costs the time of about half a token.
TURN = 0.04
#: Seconds that reading a prompt may hold up those who write.
PIECE = 0.08
_PIECE_AT_FIRST = 32


@dataclass(frozen=True, slots=True)
class _Part:
    """One answer's share of a decode: ``count`` tokens, the last of them at ``row``."""

    generation: Generation
    count: int
    row: int


class Scheduler:
    """All methods are for the engine's thread, `interrupt` excepted."""

    def __init__(
        self, context: LlamaContext, cache: PrefixCache, adapters: Callable[[Scales], ActiveAdapters]
    ) -> None:
        self._context, self._cache, self._adapters = context, cache, adapters
        self._waiting: deque[Generation] = deque()
        self._running: list[Generation] = []
        self._lock = threading.RLock()  # an answer may be let go of anywhere, also inside
        self._decoding: tuple[Generation, ...] = ()
        self._group: ActiveAdapters = ()
        self._until = 0.0
        self._served: dict[ActiveAdapters, float] = {}
        self._rate: float | None = None

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._waiting or self._running)

    def uses(self, serial: int) -> bool:
        """Whether an answer is being written with this adapter."""
        return any(adapter.serial == serial for one in self._running for adapter in one.adapters)

    def add(self, generation: Generation) -> None:
        """Answer it as soon as there is a free sequence, in the order they come."""
        self._waiting.append(generation)

    def interrupt(self) -> None:
        """Somebody was cancelled: end the decode under way if nobody else waits for it. From any thread."""
        with self._lock:
            if self._decoding and all(one.cancelled for one in self._decoding):
                self._context.stop.set(True)

    def step(self) -> None:
        """One decode for one group of answers, and what comes of it."""
        self._sweep()
        self._admit()
        group = self._next_group()
        if not group:
            return
        rows, parts = self._compose(group)
        if self._decode(rows, parts):
            for part in parts:
                self._finish_read(part)

    def fail_all(self, error: BaseException) -> None:
        """Nothing that is under way can be gone on with."""
        for one in [*self._waiting, *self._running]:
            if one.slot is not None:
                self._cache.keep(one.slot, 0)
            self._end(one, error)

    def _sweep(self) -> None:
        for one in [*self._waiting, *self._running]:
            if one.cancelled:
                self._end(one, "cancelled")

    def _admit(self) -> None:
        while self._waiting and self._cache.has_free():
            one = self._waiting.popleft()
            try:
                one.adapters = self._adapters(one.request.scales)
                slot = self._cache.acquire(one.prompt, one.adapters)
            except Exception as error:  # noqa: BLE001 - whatever it is, the one who asked must hear it
                one.fail(error)
                continue
            try:
                one.begin(slot)
            except Exception as error:  # noqa: BLE001 - the same
                self._cache.release(slot)
                one.fail(error)
                continue
            self._running.append(one)

    def _next_group(self) -> list[Generation]:
        groups: dict[ActiveAdapters, list[Generation]] = {}
        for one in self._running:
            groups.setdefault(one.adapters, []).append(one)
        if not groups:
            return []
        now = time.monotonic()
        if self._group not in groups or (len(groups) > 1 and now >= self._until):
            self._served = {key: at for key, at in self._served.items() if key in groups}
            self._group = min(groups, key=lambda key: self._served.get(key, 0.0))
            self._until = now + TURN
        self._served[self._group] = now
        return groups[self._group]

    def _compose(self, group: list[Generation]) -> tuple[list[Row], list[_Part]]:
        counts = self._shares(group)
        rows: list[Row] = []
        parts = []
        # llama.cpp takes neighbouring sequences together when they come in order.
        for one in sorted(counts, key=lambda each: each.slot.sequence if each.slot else 0):
            assert one.slot is not None
            start, count = len(one.slot.tokens), counts[one]
            last = count == one.wanted
            for at, token in enumerate(one.next(count)):
                rows.append(Row(token, one.slot.sequence, start + at, last and at == count - 1))
            parts.append(_Part(one, count, len(rows) - 1))
        return rows, parts

    def _shares(self, group: list[Generation]) -> dict[Generation, int]:
        """Tokens to read for each: one for who writes, the rest in equal parts for who reads a prompt."""
        counts = {one: 1 for one in group if one.writing}
        reading = sorted((one for one in group if not one.writing), key=lambda one: one.wanted)
        room = self._context.options.batch - len(counts)
        if any(one.writing for one in self._running):
            room = min(room, self._piece())
        for left, one in zip(range(len(reading), 0, -1), reading, strict=True):
            count = min(self._unread(one), max(1, room // left))
            counts[one] = count
            room -= count
        return counts

    def _unread(self, one: Generation) -> int:
        """How much of its prompt may be read at once: where it could not be gone back to, not all of it."""
        if self._context.recurrent and one.slot is not None:
            if one.wanted > 1:
                return one.wanted - 1
            self._cache.checkpoint(one.slot)
        return one.wanted

    def _piece(self) -> int:
        return max(8, int(self._rate * PIECE)) if self._rate else _PIECE_AT_FIRST

    def _decode(self, rows: Sequence[Row], parts: Sequence[_Part]) -> bool:
        with self._lock:
            self._decoding = tuple(part.generation for part in parts)
            self._context.stop.set(all(one.cancelled for one in self._decoding))
        began = time.perf_counter()
        try:
            self._context.set_adapters(self._group)
            self._context.decode(rows)
            self._context.synchronize()
        except (Aborted, GenerationFailed) as error:
            for part in parts:
                assert part.generation.slot is not None
                self._cache.mend(part.generation.slot)
                if isinstance(error, GenerationFailed):
                    self._end(part.generation, error)
            return False
        finally:
            with self._lock:
                self._decoding = ()
        if len(rows) >= _PIECE_AT_FIRST // 2:
            self._rate = len(rows) / (time.perf_counter() - began)
        return True

    def _finish_read(self, part: _Part) -> None:
        try:
            reason = part.generation.read(part.count, self._context, part.row)
        except Exception as error:  # noqa: BLE001 - one answer's trouble must not be another's
            self._end(part.generation, error)
        else:
            if reason is not None:
                self._end(part.generation, reason)

    def _end(self, one: Generation, how: DoneReason | BaseException) -> None:
        if one in self._running:
            self._running.remove(one)
        else:
            self._waiting.remove(one)
        if one.slot is not None:
            self._cache.release(one.slot)
        if isinstance(how, BaseException):
            one.fail(how)
        else:
            one.end(how)
