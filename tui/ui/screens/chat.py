"""The screen of a conversation: transcript, prompt, status line, and who is told of what.

This module must not know how a turn is run or a command carried out: it passes them on.
"""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen

from tui.core.commands import Said, UnknownCommand, read
from tui.core.conversation import Conversation
from tui.core.session import Session
from tui.core.store import StoreError
from tui.core.turn import Ask
from tui.ui import gauges, theme
from tui.ui.badge import badge
from tui.ui.candidates import SessionCandidates
from tui.ui.dialogue import Dialogue
from tui.ui.glyphs import choose
from tui.ui.messages import PromptSent, PromptTroubled, SettingsChanged
from tui.ui.meter import Meter
from tui.ui.presenter import Presenter
from tui.ui.screens.commands import HANDLERS, REFUSALS
from tui.ui.widgets.entry import Entry
from tui.ui.widgets.status import StatusLine
from tui.ui.widgets.transcript import Transcript

#: How often a second the screen takes what the turn has written.
RATE = 15
#: Seconds within which a second Ctrl+C leaves.
TWICE = 2.0


class ChatScreen(Screen[None]):
    """State is in `Dialogue` (where we stand) and `Presenter` (the turn under way), nowhere else."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "stop the answer; leave an edit", id="stop"),
        Binding("ctrl+c", "interrupt", "stop the answer; twice: leave", id="interrupt"),
        Binding("ctrl+t", "fold", "show or fold the thinking", id="fold", priority=True),
        Binding("pageup", "earlier", "scroll back, load earlier messages", id="earlier"),
        Binding("pagedown", "later", "scroll on", id="later"),
        Binding("ctrl+end", "follow", "back to the end", id="follow", priority=True),
    ]

    def __init__(self, session: Session, resume: str | None = None) -> None:
        super().__init__()
        self.session = session
        self.glyphs = choose(session.config.ascii)
        self.dialogue = Dialogue(session)
        self.transcript = Transcript(session.catalog, self.glyphs)
        self.entry = Entry(
            self.glyphs, session.history, SessionCandidates(session, lambda: theme.names(self.app))
        )
        self.prompt = self.entry.prompt
        self.presenter = Presenter(session, self.dialogue, self.transcript)
        self._resume = resume
        self._loaded = False
        self._interrupted = 0.0

    def compose(self) -> ComposeResult:
        yield self.transcript
        yield self.entry
        yield StatusLine(self.glyphs)

    async def on_mount(self) -> None:
        self.app.set_class(self.glyphs.plain, "-ascii")
        self.prompt.focus()
        await self.show_all()
        await self._tell_notices()
        if self._resume:
            await self._resume_at_start(self._resume)
        self.set_interval(1 / RATE, self._tick)
        # Importing llama.cpp beside the first frame would hold it up.
        self.call_after_refresh(self.session.loader.start)

    def on_unmount(self) -> None:
        self.presenter.close()

    async def open(self, conversation: Conversation) -> None:
        """Go on with ``conversation`` where it stands. Shows why when the store refuses."""
        try:
            self.dialogue.open(conversation)
        except StoreError as error:
            await self.transcript.note(str(error), "error")
        else:
            await self.show_all()

    async def show_all(self) -> None:
        """The conversation anew, and before it what the operator must not miss."""
        self.prompt.go(self._place)
        await self.transcript.show(self.dialogue.path)
        if not self.dialogue.path:
            await self.transcript.note(self._hint())
        self.presenter.meter = Meter.after(self.dialogue.path)
        if self.dialogue.trouble:
            await self.transcript.note(self.dialogue.trouble, "error")
        if self._loaded:
            await self._tell_load_error()
        self._show_status()

    async def run_turn(self, ask: Ask) -> None:
        """Ask the model; the answer comes by and by."""
        self.prompt.stand(self._place)
        await self.presenter.begin(ask)
        self._show_status()

    @property
    def _place(self) -> str | None:
        return self.dialogue.conversation.id if self.dialogue.conversation else None

    @on(PromptSent)
    async def _sent(self, event: PromptSent) -> None:
        await self._look_again()
        try:
            meant = read(event.text)
            if isinstance(meant, Said):
                await self._say(meant.text, event.text)
            else:
                await HANDLERS[meant.command.name](self, meant.argument)
        except UnknownCommand as error:
            self.prompt.give_back(event.text)
            await self.transcript.note(str(error), "error")
        except REFUSALS as error:
            await self.transcript.note(str(error), "error")
        self._show_status()

    @on(PromptTroubled)
    async def _troubled(self, event: PromptTroubled) -> None:
        await self.transcript.note(event.reason, "error")

    async def _look_again(self) -> None:
        """Take what was changed on disk since: modes and settings."""
        if self.session.refresh():
            self.post_message(SettingsChanged())
        self.dialogue.renew()
        await self._tell_notices()

    async def _tell_notices(self) -> None:
        told, self.session.notices = self.session.notices, []
        for notice in told:
            await self.transcript.note(notice)

    async def _say(self, text: str, written: str) -> None:
        if self.presenter.running is not None:
            self.prompt.give_back(written)
            await self.transcript.note("an answer is under way: wait for it, or stop it (Escape)")
        elif self.session.loader.error is not None:
            self.prompt.give_back(written)
            await self._tell_load_error()
        else:
            try:
                ask = self.dialogue.ask(text)
            except StoreError:
                self.prompt.give_back(written)
                raise
            await self.run_turn(ask)

    async def _tick(self) -> None:
        await self._tell_notices()
        loader = self.session.loader
        if not self._loaded and (loader.engine or loader.error):
            self._loaded = True
            await self._tell_load_error()
            for note in loader.engine.info.notes if loader.engine else ():
                await self.transcript.note(note)
        returned = await self.presenter.advance()
        if returned is not None:
            self.prompt.give_back(returned)
        self._show_status()

    async def _tell_load_error(self) -> None:
        error = self.session.loader.error
        if error is not None:
            reason = str(error) or type(error).__name__
            await self.transcript.note(
                f"no model: {reason}\nearlier conversations can still be read (/list)", "error"
            )

    async def _resume_at_start(self, ref: str) -> None:
        try:
            conversation = self.session.store.get(ref)
        except StoreError as error:
            await self.transcript.note(str(error), "error")
        else:
            await self.open(conversation)

    def _hint(self) -> Content:
        model = gauges.model_name(self.session)
        separator = self.glyphs.separator
        rows = (
            "/mode  speak in another mode",
            "/list  earlier conversations",
            "/help  all commands and keys",
        )
        head = Content.assemble(model, separator, badge(self.dialogue.voice, self.glyphs))
        return Content("\n").join([head, *map(Content, rows)])

    def _show_status(self) -> None:
        running, meter = self.presenter.running, self.presenter.meter
        state = gauges.state(self.session, meter, bool(running and running.stopping), self.dialogue.editing)
        if time.monotonic() - self._interrupted < TWICE:
            state = "Ctrl+C again leaves"
        fields = gauges.fields(self.session, badge(self.dialogue.voice, self.glyphs), meter)
        self.query_one(StatusLine).show(fields, state)

    def action_stop(self) -> None:
        if self.prompt.close_popup():
            return
        if not self.presenter.stop() and self.dialogue.editing:
            self.dialogue.leave_edit()
            self.prompt.clear()
        self._show_status()

    def action_interrupt(self) -> None:
        selected = self.prompt.selected_text or self.get_selected_text()
        now = time.monotonic()
        if selected:
            self.app.copy_to_clipboard(selected)
            self.clear_selection()
        elif not self.presenter.stop():
            if now - self._interrupted < TWICE:
                self.app.exit()
            self._interrupted = now
        self._show_status()

    def action_fold(self) -> None:
        self.transcript.fold()

    async def action_earlier(self) -> None:
        await self.transcript.page_up()

    def action_later(self) -> None:
        self.transcript.scroll_page_down(animate=False)

    def action_follow(self) -> None:
        self.transcript.anchor()
