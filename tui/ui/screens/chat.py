"""The screen of a conversation: transcript, prompt, sidebar, status line, and who is told of what.

This module must not know how a turn is run or a command carried out: it passes them on.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Static

from engine.contract import Engine
from modes.voice import Voice
from tui.core.commands import Said, UnknownCommand, read
from tui.core.conversation import Conversation, Node
from tui.core.session import Session
from tui.core.store import StoreError
from tui.core.turn import Ask
from tui.ui import gauges, welcome
from tui.ui.badge import badge
from tui.ui.collector import Collector
from tui.ui.counting import Counting, Key, count
from tui.ui.desk import Desk
from tui.ui.dialogue import Dialogue
from tui.ui.glyphs import choose
from tui.ui.messages import (
    ConversationChosen,
    Counted,
    DeletionWanted,
    LastQuestionWanted,
    ListLeft,
    PromptSent,
    UndoWanted,
    VersionWanted,
)
from tui.ui.presenter import Presenter
from tui.ui.rows import Rows
from tui.ui.screens import keeping, reading
from tui.ui.screens.commands import HANDLERS, REFUSALS
from tui.ui.screens.conversations import ConversationsScreen
from tui.ui.widgets.conversations import Conversations
from tui.ui.widgets.prompt import Prompt
from tui.ui.widgets.sidebar import NARROW, Sidebar
from tui.ui.widgets.status import StatusLine
from tui.ui.widgets.transcript import Transcript

#: How often a second the screen takes what the turns have written.
RATE = 15
#: Seconds within which a second Ctrl+C leaves.
TWICE = 2.0
#: Seconds after which the ages in the sidebar are told anew.
MINUTE = 60.0


class ChatScreen(Screen[None]):
    """State is in `Desk` (the conversations being held, and their turns), nowhere else."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "stop the answer; leave an edit", id="chat.stop"),
        Binding("ctrl+c", "interrupt", "stop the answer; twice: leave", id="chat.interrupt"),
        Binding("ctrl+t", "fold", "show or fold the thinking", priority=True, id="chat.fold"),
        Binding("f2", "sidebar", "to the conversations; from there: hide them", id="chat.sidebar"),
        Binding("f3", "command('/copy')", "copy the last answer", id="chat.copy"),
        Binding("f4", "command('/copy code')", "copy the last block of code", id="chat.copy_code"),
        Binding(
            "alt+left",
            "command('/version previous')",
            "version before",
            priority=True,
            id="chat.previous",
        ),
        Binding("alt+right", "command('/version next')", "version after", priority=True, id="chat.next"),
        Binding("pageup", "earlier", "scroll back, load earlier messages", id="chat.earlier"),
        Binding("pagedown", "later", "scroll on", id="chat.later"),
        Binding("ctrl+end", "follow", "back to the end", priority=True, id="chat.follow"),
    ]

    def __init__(self, session: Session, resume: str | None = None) -> None:
        super().__init__()
        self.session = session
        self.glyphs = choose(session.config.ascii)
        self.desk = Desk(session)
        self.counting = Counting(session, self.desk)
        self.rows = Rows(session.catalog, self.glyphs, self.desk.sign)
        self.sidebar = Sidebar(session.store, self.rows)
        self.transcript = Transcript(session.catalog, self.glyphs)
        self.prompt = Prompt()
        self.presenter = Presenter(session, self.desk, self.transcript)
        self._collector = Collector()
        self._resume = resume
        self._loaded = False
        self._interrupted = 0.0

    @property
    def dialogue(self) -> Dialogue:
        """Where the operator stands."""
        return self.desk.front

    def compose(self) -> ComposeResult:
        with Horizontal(id="main"):
            yield self.sidebar
            with Vertical(id="conversation"):
                yield self.transcript
                with Horizontal(id="entry"):
                    yield Static(self.glyphs.prompt, markup=False, id="mark")
                    yield self.prompt
        yield StatusLine(self.glyphs)

    async def on_mount(self) -> None:
        self.app.set_class(self.glyphs.plain, "-ascii")
        self.prompt.focus()
        await self.show_all()
        for notice in self.session.notices:
            await self.transcript.note(notice)
        if self._resume:
            await self._resume_at_start(self._resume)
        self.set_interval(1 / RATE, self._tick)
        self.set_interval(MINUTE, self.lists_changed)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._collector.begin()
        # Importing llama.cpp beside the first frame would hold it up.
        self.session.loader.start()

    def on_unmount(self) -> None:
        self.desk.close()
        self._collector.end()

    def on_resize(self, event: events.Resize) -> None:
        self.sidebar.fit(event.size.width)

    async def open(self, conversation: Conversation) -> None:
        """Go on with ``conversation`` where it stands. Shows why when the store refuses."""
        editing = self.dialogue.editing
        try:
            self.desk.open(conversation)
        except StoreError as error:
            await self.transcript.note(str(error), "error")
        else:
            if editing:
                self.prompt.clear()
            await self.show_all()

    async def show_all(self) -> None:
        """The conversation in front anew, and with it what the operator must not miss."""
        await self.presenter.show()
        if not self.dialogue.path and self.desk.live is None:
            await self.transcript.note(welcome.hint(self.session, self.dialogue.voice, self.glyphs))
        if self.dialogue.trouble:
            await self.transcript.note(self.dialogue.trouble, "error")
        if self._loaded:
            await self._tell_of_model()
        self.lists_changed()
        self._show_status()
        self.call_after_refresh(self._collector.collect)

    def lists_changed(self) -> None:
        """A conversation is new, gone, or tells something else of itself."""
        self.sidebar.look(self.dialogue.id)
        if isinstance(self.app.screen, ConversationsScreen):
            self.app.screen.look()

    def toggle_sidebar(self) -> None:
        """Show the sidebar, or hide it, and put the keyboard where it is then wanted."""
        self.sidebar.show(not self.sidebar.display)
        if not self.sidebar.display:
            self.prompt.focus()

    async def run_turn(self, ask: Ask) -> None:
        """Ask the model; the answer comes by and by."""
        await self.presenter.begin(ask)
        self._show_status()

    def keys(self) -> list[Binding]:
        """The bindings that the help lists."""
        shown = [*Prompt.BINDINGS, *self.BINDINGS, *Conversations.BINDINGS, *self.app.BINDINGS]
        return [each for each in shown if isinstance(each, Binding) and each.show and each.description]

    @on(PromptSent)
    async def _sent(self, event: PromptSent) -> None:
        try:
            meant = read(event.text)
        except UnknownCommand as error:
            self.prompt.give_back(event.text)
            await self.transcript.note(str(error), "error")
        else:
            if isinstance(meant, Said):
                await self._carried_out(self._say(meant.text, event.text))
            else:
                await self._carried_out(HANDLERS[meant.command.name](self, meant.argument))

    @on(VersionWanted)
    async def _version_wanted(self, event: VersionWanted) -> None:
        await self._carried_out(reading.go_to_version(self, event.message))

    @on(ConversationChosen)
    async def _chosen(self, event: ConversationChosen) -> None:
        await self.open(event.conversation)
        self.prompt.focus()

    @on(DeletionWanted)
    async def _deletion_wanted(self, event: DeletionWanted) -> None:
        await self._carried_out(keeping.delete_one(self, event.conversation))

    @on(UndoWanted)
    async def _undo_wanted(self) -> None:
        await self._carried_out(keeping.undo(self, ""))

    @on(ListLeft)
    def _list_left(self) -> None:
        self.prompt.focus()

    async def _carried_out(self, command: Awaitable[None]) -> None:
        try:
            await command
        except REFUSALS as error:
            await self.transcript.note(str(error), "error")
        self._show_status()

    @on(LastQuestionWanted)
    def _recall(self) -> None:
        if self.dialogue.last_question is not None:
            self.prompt.put(self.dialogue.last_question.content)

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

    async def _tick(self) -> None:
        loader = self.session.loader
        if not self._loaded and (loader.engine or loader.error):
            self._loaded = True
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
        self._show_status()

    @work(thread=True, group="count")
    def _count(self, key: Key, engine: Engine, voice: Voice, path: list[Node]) -> None:
        self.post_message(Counted(key, count(engine, voice, path)))

    @on(Counted)
    def _counted(self, event: Counted) -> None:
        self.counting.take(event.key, event.split)
        self._show_status()

    async def _tell_of_model(self) -> None:
        told = welcome.trouble(self.session, self.dialogue.path)
        if told:
            await self.transcript.note(told, "error" if self.session.loader.error else "note")

    async def _resume_at_start(self, ref: str) -> None:
        try:
            conversation = self.session.store.get(ref)
        except StoreError as error:
            await self.transcript.note(str(error), "error")
        else:
            await self.open(conversation)

    def _show_status(self) -> None:
        state = gauges.state(self.session, self.desk)
        if time.monotonic() - self._interrupted < TWICE:
            state = "Ctrl+C again leaves"
        shown = badge(self.dialogue.voice, self.glyphs)
        fields = gauges.fields(self.session, shown, self.desk.meter, self.counting.split)
        self.query_one(StatusLine).show(fields, state)

    def action_stop(self) -> None:
        if not self.desk.stop() and self.dialogue.editing:
            self.dialogue.leave_edit()
            self.prompt.clear()
        self._show_status()

    def action_interrupt(self) -> None:
        selected = self.prompt.selected_text or self.get_selected_text()
        now = time.monotonic()
        if selected:
            self.app.copy_to_clipboard(selected)
            self.clear_selection()
        elif not self.desk.stop():
            if now - self._interrupted < TWICE:
                self.app.exit()
            self._interrupted = now
        self._show_status()

    def action_command(self, line: str) -> None:
        self.post_message(PromptSent(line))

    def action_sidebar(self) -> None:
        if self.app.size.width < NARROW:
            self.action_command("/list")
        elif self.sidebar.display and not self.sidebar.has_keyboard:
            self.sidebar.focus_search()
        else:
            self.toggle_sidebar()
            if self.sidebar.display:
                self.sidebar.focus_search()

    def action_fold(self) -> None:
        self.transcript.fold()

    async def action_earlier(self) -> None:
        await self.transcript.page_up()

    async def action_later(self) -> None:
        await self.transcript.page_down()

    async def action_follow(self) -> None:
        await self.transcript.follow()
