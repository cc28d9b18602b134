"""An answer being written in one conversation, whether or not that conversation is in front.

This module must not know widgets: it folds a turn's events into the dialogue and the meter, and says what
happened, so that whoever shows the conversation can follow.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from engine.contract import Chunk
from tui.core.conversation import (
    Dropped,
    Finished,
    NotSaved,
    Recollection,
    Reminded,
    Started,
    Untrained,
    Unverified,
)
from tui.core.session import Session
from tui.core.turn import Ask
from tui.ui.dialogue import Dialogue
from tui.ui.meter import Meter
from tui.ui.running import At, Refused, Running
from tui.ui.text import clean
from tui.ui.wording import dropped


@dataclass(frozen=True, slots=True)
class Began:
    """The turn is on record. ``branched``: messages shown before are no longer on the path."""

    branched: bool


@dataclass(frozen=True, slots=True)
class Written:
    """What came of the answer since the last look."""

    text: str
    thinking: str


@dataclass(frozen=True, slots=True)
class Recalled:
    """Memories are shown to the model, or none was near enough; ``notes`` stay with the answer."""

    memories: Recollection | None
    abstained: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """Something to be said of the answer that stays."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is over and stands in the dialogue."""


@dataclass(frozen=True, slots=True)
class Returned:
    """Nothing went on record: the question comes back, if there was one, and why."""

    question: str | None
    error: BaseException | None


Step = Began | Recalled | Written | Warned | Ended | Returned


class Live:
    """One turn under way. All methods are for the screen's thread."""

    def __init__(self, session: Session, dialogue: Dialogue, ask: Ask, used: int | None) -> None:
        self.dialogue, self.ask = dialogue, ask
        self.meter = Meter(used=used).begin(time.perf_counter())
        self.warnings: list[str] = []
        self.started = False
        self.over = False
        self._running = Running(session, ask)

    def start(self) -> None:
        """Begin; returns at once."""
        self._running.start()

    @property
    def stopping(self) -> bool:
        """`stop` was called."""
        return self._running.stopping

    def stop(self) -> None:
        """End the answer soon."""
        self._running.stop()

    def join(self, seconds: float) -> None:
        """Wait until what there is of the answer is saved, not longer than ``seconds``."""
        self._running.join(seconds)

    def advance(self) -> list[Step]:
        """What has happened since the last call, in order; texts that follow each other as one."""
        steps: list[Step] = []
        text = thinking = ""
        for at in self._running.drain():
            if isinstance(at.event, Chunk):
                self.meter = self.meter.chunk(at.event, at.time)
                text += at.event.text
                thinking += at.event.thinking
                continue
            steps += self._wrote(text, thinking)
            text = thinking = ""
            steps.append(self._happened(at))
        return [*steps, *self._wrote(text, thinking)]

    def _wrote(self, text: str, thinking: str) -> list[Written]:
        if not text and not thinking:
            return []
        self.dialogue.wrote(text, thinking)
        return [Written(text, thinking)]

    def _happened(self, at: At) -> Step:
        match at.event:
            case Started() as event:
                self.started = True
                return Began(self.dialogue.started(event))
            case Reminded() as event:
                self.dialogue.reminded(event)
                self.warnings += event.notes
                return Recalled(event.memories, event.abstained, event.notes)
            case Dropped() | Untrained() | Unverified() as event:
                return self._warned(dropped(event) if isinstance(event, Dropped) else event.text)
            case NotSaved(reason):
                self.dialogue.unsaved = True
                return self._warned(f"not saved: {reason}")
            case Finished() as event:
                self.over = True
                self.meter = self.meter.finish(event)
                self.dialogue.finished(event)
                return Ended()
            case Refused(error):
                return self._refused(error)
            case event:
                raise AssertionError(f"not a turn's event: {event!r}")

    def _warned(self, text: str) -> Warned:
        self.warnings.append(text)
        return Warned(text)

    def _refused(self, error: BaseException | None) -> Ended | Returned:
        self.over = True
        self.meter = Meter(used=self.meter.used)
        if not self.started:
            return Returned(self.ask.question, error)
        reason = clean(str(error)) or type(error).__name__
        last = replace(self.dialogue.path[-1], status="failed", error=reason)
        self.dialogue.finished(Finished(last))
        return Ended()
