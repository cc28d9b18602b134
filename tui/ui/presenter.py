"""Carries a turn from its thread to the transcript: takes its events, shows them, counts them.

This module must not know keys, commands or the prompt.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from engine.contract import Chunk
from tui.core.conversation import Dropped, Finished, NotSaved, Started
from tui.core.session import Session
from tui.core.turn import Ask
from tui.ui.dialogue import Dialogue
from tui.ui.meter import Meter
from tui.ui.running import At, Refused, Running
from tui.ui.text import clean
from tui.ui.widgets.entries import Answer, Question
from tui.ui.widgets.transcript import Transcript
from tui.ui.wording import dropped, ending

#: Seconds that leaving waits for the answer under way to be saved.
PATIENCE = 3.0


@dataclass(slots=True)
class _Shown:
    """The widgets of the turn under way."""

    question: Question | None = None
    answer: Answer | None = None


class Presenter:
    """At most one turn at a time."""

    def __init__(self, session: Session, dialogue: Dialogue, transcript: Transcript) -> None:
        self._session, self._dialogue, self._transcript = session, dialogue, transcript
        self._shown = _Shown()
        self.running: Running | None = None
        self.meter = Meter()

    async def begin(self, ask: Ask) -> None:
        """Show the question, if there is one, and start the turn."""
        self._shown = _Shown()
        if ask.question is not None:
            waiting = "" if self._session.loader.engine else "waiting for the model"
            self._shown.question = await self._transcript.ask(ask.question, waiting)
        self.meter = self.meter.begin(time.perf_counter())
        self.running = Running(self._session, ask)
        self.running.start()

    async def advance(self) -> str | None:
        """Show what has happened since; the question's text when it could not be asked."""
        if self.running is None:
            return None
        text = thinking = ""
        returned = None
        for at in self.running.drain():
            if isinstance(at.event, Chunk):
                self.meter = self.meter.chunk(at.event, at.time)
                text += at.event.text
                thinking += at.event.thinking
                continue
            await self._write(text, thinking)
            text = thinking = ""
            returned = await self._happened(at) or returned
        await self._write(text, thinking)
        return returned

    def stop(self) -> bool:
        """End the turn under way; False when there is none."""
        if self.running is None:
            return False
        self.running.stop()
        return True

    def close(self) -> None:
        """Stop and wait until what there is of the answer is saved, or patience ends."""
        if self.running is not None:
            self.running.stop()
            self.running.join(PATIENCE)

    async def _write(self, text: str, thinking: str) -> None:
        if self._shown.answer is not None:
            await self._shown.answer.write(text, thinking)

    async def _happened(self, at: At) -> str | None:
        match at.event:
            case Started() as event:
                await self._started(event)
            case Dropped() as event:
                if self._shown.answer:
                    self._shown.answer.warn(dropped(event))
            case NotSaved(reason):
                if self._shown.answer:
                    self._shown.answer.warn(f"not saved: {reason}")
            case Finished() as event:
                await self._finished(event)
            case Refused(error):
                return await self._refused(error)
        return None

    async def _started(self, event: Started) -> None:
        if self._dialogue.started(event):
            await self._transcript.show(self._dialogue.path[:-1])
        elif self._shown.question:
            self._shown.question.recorded()
        provenance = event.answer.provenance
        self._shown.answer = await self._transcript.answer(provenance.mode if provenance else "base")

    async def _finished(self, event: Finished) -> None:
        self._dialogue.finished(event)
        self.meter = self.meter.finish(event)
        self.running = None
        if self._shown.answer:
            await self._shown.answer.end(ending(event.answer))

    async def _refused(self, error: BaseException | None) -> str | None:
        running, self.running = self.running, None
        self.meter = Meter(used=self.meter.used)
        told = error is None or error is self._session.loader.error  # the screen tells of the loader's
        reason = clean(str(error)) or type(error).__name__
        if self._shown.answer:
            last = replace(self._dialogue.path[-1], status="failed", error=reason)
            self._dialogue.finished(Finished(last))
            await self._shown.answer.end(ending(last))
            return None
        if self._shown.question:
            await self._shown.question.remove()
        if not told:
            await self._transcript.note(reason, "error")
        return running.ask.question if running else None
