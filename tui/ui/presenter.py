"""Shows the conversation in front, and what its turn writes while it is there.

This module must not know keys, commands or the prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.ui.text import clean, one_line

if TYPE_CHECKING:
    from tui.core.session import Session
    from tui.core.turn import Ask
    from tui.ui.desk import Desk
    from tui.ui.live import Live, Returned, Step
    from tui.ui.meter import Meter
    from tui.ui.widgets.entries import Answer
    from tui.ui.widgets.transcript import Item, Transcript

NONE_NEAR = "no memory was near enough to the question"


class Presenter:
    """What is behind goes on without it, and is shown as far as it has come when it comes to the front."""

    def __init__(self, session: Session, desk: Desk, transcript: Transcript) -> None:
        self._session, self._desk, self._transcript = session, desk, transcript
        self._question: Item | None = None
        self._answer: Item | None = None

    @property
    def meter(self) -> Meter:
        """What is counted of the conversation in front."""
        return self._desk.meter

    async def show(self) -> None:
        """The conversation in front anew, with its answer under way as far as it has come."""
        front, live = self._desk.front, self._desk.live
        writing = live is not None and live.started
        items = await self._transcript.show(front.path, front.versions, writing)
        self._question, self._answer = None, items[-1] if writing else None
        if live is not None and not live.started and live.ask.question is not None:
            self._question = await self._transcript.ask(live.ask.question, self._waiting())
        for warning in live.warnings if live else ():
            self._warn(warning)

    async def begin(self, ask: Ask) -> None:
        """Show the question, if there is one, and start the turn."""
        self._question = self._answer = None
        self._desk.begin(ask)
        if ask.question is not None:
            self._question = await self._transcript.ask(ask.question, self._waiting())

    async def advance(self) -> tuple[bool, list[str]]:
        """Show what has happened; whether a list of conversations changed, and questions that came back."""
        happened = self._desk.advance()
        if not happened:
            return False, []
        from tui.ui.live import Began, Ended, Returned  # here from the first turn on

        changed, returned = False, []
        for live, steps in happened:
            for step in steps:
                changed = changed or isinstance(step, Began | Ended | Returned)
                if isinstance(step, Returned):
                    returned += [step.question] if step.question else []
                    await self._returned(live, step)
                elif live.dialogue is self._desk.front:
                    await self._show(live, step)
        return changed, returned

    def _waiting(self) -> str:
        return "" if self._session.loader.engine else "waiting for the model"

    async def _show(self, live: Live, step: Step) -> None:
        from tui.ui.live import Began, Ended, Recalled, Warned, Written
        from tui.ui.wording import ending

        answer = self._answer_shown
        match step:
            case Began(branched):
                await self._began(branched)
            case Written(text, thinking) if answer:
                lead = live.ask.voice.lead
                await answer.write(text, thinking)
                if thinking:
                    answer.count_thinking(live.meter.thought, getattr(lead, "thinking_budget", None))
            case Recalled(memories, abstained, notes):
                if answer and memories:
                    answer.remind(memories)
                elif answer and abstained:
                    answer.tell(NONE_NEAR)
                for note in notes:
                    self._warn(note)
            case Warned(text):
                self._warn(text)
            case Ended() if answer:
                answer.end(ending(self._desk.front.path[-1]))
            case _:
                pass

    async def _began(self, branched: bool) -> None:
        if branched or self._question is None:
            return await self.show()
        from tui.ui.widgets.entries import Question

        if isinstance(self._question.widget, Question):
            self._question.widget.recorded()
        path = self._desk.front.path
        self._answer = await self._transcript.answer(lambda: path[-1])

    def _warn(self, text: str) -> None:
        if answer := self._answer_shown:
            answer.warn(text)

    @property
    def _answer_shown(self) -> Answer | None:
        """The answer under way while it is in the transcript's window."""
        from tui.ui.widgets.entries import Answer

        widget = self._answer.widget if self._answer else None
        return widget if isinstance(widget, Answer) else None

    async def _returned(self, live: Live, step: Returned) -> None:
        here = live.dialogue is self._desk.front
        if here and self._question:
            await self._transcript.drop(self._question)
            self._question = None
        error = step.error
        # The screen itself tells of a model that could not be loaded.
        if error is not None and error is not self._session.loader.error:
            where = "" if here else f" (in {one_line(live.dialogue.title) or 'another conversation'})"
            reason = clean(str(error)) or type(error).__name__
            await self._transcript.note(reason + where, "error")
