"""The screen of a conversation: transcript, prompt, sidebar, status line, and who is told of what.

This module must not know how a turn is run or a command carried out: it passes them on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.core.store import StoreError
from tui.ui import gauges, welcome
from tui.ui.badge import badge
from tui.ui.collector import Collector
from tui.ui.counting import Counting, count
from tui.ui.desk import Desk
from tui.ui.glyphs import choose
from tui.ui.messages import (
    ConversationChosen,
    Counted,
    DeletionWanted,
    PromptSent,
    PromptTroubled,
    UndoWanted,
    VersionWanted,
)
from tui.ui.presenter import Presenter
from tui.ui.screens.keyed import Keyed
from tui.ui.screens.looking import look_again, tell_notices
from tui.ui.widgets.entry import Entry
from tui.ui.widgets.sidebar import Sidebar
from tui.ui.widgets.status import StatusLine
from tui.ui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from engine.contract import Engine
    from modes.voice import Voice
    from tui.core.commands import Kind
    from tui.core.complete import Candidate
    from tui.core.conversation import Conversation, Node
    from tui.core.session import Session
    from tui.core.turn import Ask
    from tui.ui.counting import Key
    from tui.ui.dialogue import Dialogue
    from tui.ui.rows import Rows

#: How often a second the screen takes what the turns have written.
RATE = 15
#: Seconds after which the ages in the sidebar are told anew.
MINUTE = 60.0


class ChatScreen(Keyed):
    """State is in `Desk` (the conversations being held, and their turns), nowhere else."""

    def __init__(self, session: Session, resume: str | None = None) -> None:
        super().__init__()
        self.session = session
        self.glyphs = choose(session.config.ascii)
        self.desk = Desk(session)
        self.counting = Counting(session, self.desk)
        self.sidebar = Sidebar()
        self.transcript = Transcript(session.catalog, self.glyphs)
        self.entry = Entry(self.glyphs, session.history, self._candidates)
        self.prompt = self.entry.prompt
        self.presenter = Presenter(session, self.desk, self.transcript)
        self._collector = Collector()
        self._resume = resume
        self._loaded = self._ticking = False

    @cached_property
    def rows(self) -> Rows:
        """How conversations are shown in a list."""
        from tui.ui.rows import Rows

        return Rows(self.session.catalog, self.glyphs, self.desk.sign)

    @property
    def dialogue(self) -> Dialogue:
        """Where the operator stands."""
        return self.desk.front

    def compose(self) -> ComposeResult:
        with Horizontal(id="main"):
            yield self.sidebar
            with Vertical(id="conversation"):
                yield self.transcript
                yield self.entry
        yield StatusLine(self.glyphs)

    async def on_mount(self) -> None:
        self.app.set_class(self.glyphs.plain, "-ascii")
        self.sidebar.fit(self.app.size.width)  # the first frame comes before the first event of a size
        self.prompt.focus()
        await self.show_all()
        await tell_notices(self)
        if self._resume:
            await self._call("resume", self._resume)
        self.set_interval(1 / RATE, self._beat)
        self.set_interval(MINUTE, self.lists_changed)
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        """What the first frame does not wait for: completions, the list beside, importing llama.cpp."""
        await self.entry.fill()
        await self.sidebar.fill(self.session.store, self.rows)
        self._collector.begin()
        self.session.loader.start()

    def _forward_event(self, event: events.Event) -> None:
        # Nothing has the keyboard yet: what is typed while the screen is being put up is for the prompt.
        if isinstance(event, events.Key | events.Paste):
            self.prompt._forward_event(event)
        else:
            super()._forward_event(event)

    def on_unmount(self) -> None:
        self.desk.close()
        self._collector.end()

    def on_resize(self, event: events.Resize) -> None:
        self.sidebar.fit(event.size.width)

    async def open(self, conversation: Conversation) -> None:
        """Go on with ``conversation`` as far as it has come. Raises `StoreError` and changes nothing."""
        editing = self.dialogue.editing
        self.desk.open(conversation)
        if editing:
            self.prompt.leave()
        await self.show_all()

    async def show_all(self) -> None:
        """The conversation in front anew, and with it what the operator must not miss."""
        self.prompt.go(self.dialogue.id)
        await self.presenter.show()
        if not self.dialogue.path and self.desk.live is None:
            await self.transcript.note(welcome.hint(self.session, self.dialogue.voice, self.glyphs))
        if self.dialogue.trouble:
            await self.transcript.note(self.dialogue.trouble, "error")
        if self._loaded:
            await self._tell_of_model()
        self.lists_changed()
        self.show_status()
        self.call_after_refresh(self._collector.collect)

    def lists_changed(self) -> None:
        """A conversation is new, gone, or tells something else of itself."""
        self.sidebar.look(self.dialogue.id)
        if self.app.screen is not self:
            from tui.ui.screens.conversations import ConversationsScreen

            if isinstance(self.app.screen, ConversationsScreen):
                self.app.screen.look()

    async def run_turn(self, ask: Ask) -> None:
        """Ask the model; the answer comes by and by."""
        self.prompt.stand(self.dialogue.id)
        await self.presenter.begin(ask)
        self.show_status()

    @on(PromptSent)
    async def _sent(self, event: PromptSent) -> None:
        from tui.core.commands import Said, UnknownCommand, read

        await look_again(self)
        try:
            meant = read(event.text)
        except UnknownCommand as error:
            self.prompt.give_back(event.text)
            await self.transcript.note(str(error), "error")
        else:
            if isinstance(meant, Said):
                await self._carried_out(self._say(meant.text, event.text))
            else:
                await self._call(meant.command.name, meant.argument)

    @on(VersionWanted)
    async def _version_wanted(self, event: VersionWanted) -> None:
        from tui.ui.screens.reading import go_to_version

        await self._carried_out(go_to_version(self, event.message))

    @on(ConversationChosen)
    async def _chosen(self, event: ConversationChosen) -> None:
        self.prompt.focus()
        await self._carried_out(self._go_to(event.conversation.id))

    async def _go_to(self, conversation: str) -> None:
        """As it is by now: another program may have gone on with it since it was listed."""
        await self.open(self.session.store.get(conversation))

    @on(DeletionWanted)
    async def _deletion_wanted(self, event: DeletionWanted) -> None:
        from tui.ui.screens.keeping import delete_one

        await self._carried_out(delete_one(self, event.conversation))

    @on(UndoWanted)
    async def _undo_wanted(self) -> None:
        await self._call("undo")

    async def _call(self, command: str, argument: str = "") -> None:
        from tui.ui.screens.commands import HANDLERS  # what commands do is imported with the first one

        await self._carried_out(HANDLERS[command](self, argument))

    async def _carried_out(self, command: Awaitable[None]) -> None:
        from tui.ui.screens.commands import REFUSALS

        try:
            await command
        except REFUSALS as error:
            await self.transcript.note(str(error), "error")
        self.show_status()

    @on(PromptTroubled)
    async def _troubled(self, event: PromptTroubled) -> None:
        await self.transcript.note(event.reason, "error")

    def _candidates(self, kind: Kind, written: str) -> Iterable[Candidate]:
        from tui.ui import theme
        from tui.ui.candidates import SessionCandidates

        return SessionCandidates(self.session, lambda: theme.names(self.app), self.dialogue)(kind, written)

    async def _say(self, text: str, written: str) -> None:
        if self.desk.live is not None:
            self.prompt.give_back(written)
            await self.transcript.note(
                "an answer is under way here: wait for it, stop it (Escape), or ask elsewhere (/new)"
            )
        elif self.session.loader.error is not None:
            self.prompt.give_back(written)
            await self._tell_of_model()
        else:
            try:
                ask = self.dialogue.ask(text)
            except StoreError:
                self.prompt.give_back(written)
                raise
            await self.run_turn(ask)

    def _beat(self) -> None:
        # A timer has a task of its own; all that changes the transcript happens in the screen's, in turn.
        if not self._ticking:
            self._ticking = True
            self.call_later(self._tick)

    async def _tick(self) -> None:
        self._ticking = False
        await tell_notices(self)
        loader = self.session.loader
        if not self._loaded and (loader.engine or loader.error):
            self._loaded = True
            if (memories := self.session.memories()) is not None:
                memories.begin(lambda: self.desk.resting)
            await self._tell_of_model()
            for note in loader.engine.info.notes if loader.engine else ():
                await self.transcript.note(note)
        changed, returned = await self.presenter.advance()
        for question in returned:
            self.prompt.give_back(question)
        if changed:
            self.lists_changed()
            if self.desk.resting:
                self.call_after_refresh(self._collector.collect)
        if wanted := self.counting.wanted():
            self._count(*wanted)
        self.show_status()

    @work(group="count")
    async def _count(self, key: Key, engine: Engine, voice: Voice, path: list[Node]) -> None:
        self.post_message(Counted(key, await asyncio.to_thread(count, engine, voice, path)))

    @on(Counted)
    def _counted(self, event: Counted) -> None:
        self.counting.take(event.key, event.split)
        self.show_status()

    async def _tell_of_model(self) -> None:
        told = welcome.trouble(self.session, self.dialogue.path)
        if told:
            await self.transcript.note(told, "error" if self.session.loader.error else "note")

    def show_status(self) -> None:
        state = gauges.state(self.session, self.desk)
        if self.leaving:
            state = "Ctrl+C again leaves"
        shown = badge(self.dialogue.voice, self.glyphs)
        fields = gauges.fields(self.session, shown, self.desk, self.counting.split)
        self.query_one(StatusLine).show(fields, state)
