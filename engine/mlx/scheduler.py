"""Who is computed next: all who write in one batch, whatever their modes, and prompts in pieces between.

It knows nothing of requests but their tokens and coefficients.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from engine.contract import DoneReason, EngineError, GenerationFailed, Scales
from engine.mlx.generation import Generation
from engine.mlx.pace import Pace
from engine.mlx.rows import Event, Rows, Written
from engine.mlx.share import Mix
from engine.mlx.store import Kept, PromptStore

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Desk:
    """What a loaded model is worked on with. ``per_token`` is bytes of K and V, ``free`` bytes left."""

    rows: Rows
    store: PromptStore
    mix: Callable[[Scales], Mix]
    batch: int
    per_token: int
    free: Callable[[], int]


class Scheduler:
    """All methods are for the engine's thread. There is nothing to do before `open`."""

    def __init__(self) -> None:
        self._waiting: deque[Generation] = deque()
        self._running: dict[int, Generation] = {}
        self._pace = Pace()

    def open(self, desk: Desk) -> None:
        """Answer from now on."""
        self._desk = desk

    def shut(self) -> None:
        """Let go of the model."""
        del self._desk

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._waiting or self._running)

    def add(self, generation: Generation) -> None:
        """Answer it as soon as there is room, in the order they come."""
        self._waiting.append(generation)

    def step(self) -> None:
        """A token for each that writes and a piece for each that reads, and what comes of it."""
        self._sweep()
        self._admit()
        if not self._running:
            return
        began = time.perf_counter()
        events = list(self._desk.rows.step(self._piece()))
        self._pace.measure(events, time.perf_counter() - began)
        over: dict[int, DoneReason | BaseException] = {}
        spent: list[int] = []
        for event in events:
            try:
                reason = self._hear(event)
            except Exception as error:  # noqa: BLE001 - one answer's trouble must not be another's
                over[event.row] = error
            else:
                if reason is not None:
                    over[event.row] = reason
                elif isinstance(event, Written) and self._running[event.row].telling.spent():
                    spent.append(event.row)
        self._end(over)
        for row in spent:
            self._end_thinking(row)

    def _hear(self, event: Event) -> DoneReason | None:
        one = self._running[event.row]
        if isinstance(event, Written):
            return one.write(event.token)
        one.read(event.count)
        return None

    def fail_all(self, error: BaseException) -> None:
        """Nothing that is under way can be gone on with."""
        if not isinstance(error, EngineError):
            error = GenerationFailed(f"MLX failed ({error}): ask again, or load the model anew")
        for one in [*self._waiting, *self._running.values()]:
            one.telling.fail(error)
        self._waiting.clear()
        self._running.clear()
        self._desk.rows.reset()

    def _sweep(self) -> None:
        for one in [one for one in self._waiting if one.cancelled]:
            self._waiting.remove(one)
            one.telling.end("cancelled")
        self._end({row: "cancelled" for row, one in self._running.items() if one.cancelled})

    def _admit(self) -> None:
        desk = self._desk
        while self._waiting and len(self._running) < desk.rows.room:
            one = self._waiting.popleft()
            try:
                one.prepare(desk.mix(one.request.scales))
                self._check_room(one)
                start = one.begin(*desk.store.take(one.prompt, one.mix.key))
                self._running[desk.rows.insert(start)] = one
            except Exception as error:  # noqa: BLE001 - whatever it is, the one who asked must hear it
                one.telling.fail(error)

    def _check_room(self, one: Generation) -> None:
        """Rather none than an answer for which the machine would swap."""
        needed = self._desk.per_token * len(one.prompt)
        if needed > self._desk.free():
            self._desk.store.forget()
        if needed > (free := self._desk.free()):
            raise GenerationFailed(
                f"a prompt of {len(one.prompt):,} tokens needs {needed / _MIB:,.0f} MiB and "
                f"{free / _MIB:,.0f} MiB are free: close other programs, or shorten the conversation"
            )

    def _end(self, over: dict[int, DoneReason | BaseException]) -> None:
        if not over:
            return
        ended = {row: self._running.pop(row) for row in over}
        for row, how in over.items():  # told first: to take rows out is to wait for the step that runs ahead
            if isinstance(how, BaseException):
                ended[row].telling.fail(how)
            else:
                ended[row].telling.end(how)
        for row, (layers, tokens) in self._desk.rows.take_out(list(over)).items():
            self._desk.store.put(Kept(ended[row].mix.key, tokens, layers))

    def _end_thinking(self, row: int) -> None:
        """The row leaves, and joins again with the words that end its thinking."""
        one = self._running[row]
        taken = self._desk.rows.take_out([row])
        start, over = one.again(*taken[row])
        if over is not None:
            one.telling.end(over)
        else:
            self._running[self._desk.rows.insert(start)] = one
        del self._running[row]  # not before: of what fails until here it has to be told

    def _piece(self) -> int:
        writing = sum(one.telling.writing for one in self._running.values())
        return self._pace.piece(writing, len(self._running) - writing, self._desk.batch)
