"""Where the operator writes: sent lines come back with Up, slash commands are completed with Tab.

This module must not know what commands do, nor turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from tui.core.paths import PathUnusable
from tui.ui.messages import PromptSent, PromptTroubled
from tui.ui.pastes import Pastes
from tui.ui.text import clean

if TYPE_CHECKING:
    from tui.core.complete import Candidates, Completion
    from tui.core.history import History, Walk
    from tui.ui.widgets.popup import Popup


class NoPopup:
    """In the place of the popup until that is there."""

    chosen = None
    moved = False

    def offer(self, completions: Sequence[Completion]) -> None:
        """They are asked for again later."""

    def move(self, by: int) -> bool:
        return False

    def close(self) -> bool:
        return False


class Prompt(TextArea):
    """One to six lines, empty again once sent. ``text`` has marks in place of long pastes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "send", id="send"),
        Binding("ctrl+j,shift+enter,alt+enter", "newline", "new line", id="newline"),
        Binding("tab", "complete", "complete a slash command", id="complete"),
        Binding("ctrl+up", "recall(-1)", "what was sent before; also Up on the first line", id="older"),
        Binding("ctrl+down", "recall(1)", "back again; also Down on the last line", id="newer"),
        Binding("ctrl+g", "edit", "write in your own editor ($VISUAL, $EDITOR)", id="editor"),
        # A text area would scroll and copy, or edit by a key that is put there; here these are the screen's.
        Binding("pageup", "screen.earlier", show=False, id="earlier"),
        Binding("pagedown", "screen.later", show=False, id="later"),
        Binding("ctrl+c", "screen.interrupt", show=False, id="interrupt"),
        Binding("escape", "screen.stop", show=False, id="stop"),
        Binding("f1", "app.help", show=False, id="help"),
        Binding("f2", "screen.sidebar", show=False, id="sidebar"),
        Binding("f3", "screen.command('/copy')", show=False, id="copy"),
        Binding("f4", "screen.command('/copy code')", show=False, id="copy_code"),
        Binding("f5", "screen.command('/memory list')", show=False, id="memories"),
    ]

    def __init__(self, history: History, candidates: Candidates) -> None:
        super().__init__(
            compact=True,
            highlight_cursor_line=False,
            placeholder="Ask, or /help",
            tab_behavior="focus",
        )
        self._history, self._candidates = history, candidates
        self._popup: Popup | NoPopup = NoPopup()
        self._pastes = Pastes()
        self._walk: Walk | None = None
        self._put = self._stash = ""
        self._drafts: dict[str | None, str] = {}
        self._place: str | None = None

    @property
    def written(self) -> str:
        """All that will be sent."""
        return self._pastes.unfold(self.text)

    def put(self, text: str) -> None:
        """Replace what is there, with the cursor at the end. A text area shows what it is given as it is."""
        self.text = self._put = clean(self._pastes.fold(text))
        self.move_cursor(self.document.end)
        self._popup.close()

    def give_back(self, text: str) -> None:
        """Put ``text`` before what was written since it was sent."""
        self.put("\n\n".join(filter(None, [self._pastes.fold(text), self.text])))

    def set_aside(self) -> None:
        """What is written comes back once something else was sent; a command begun in its place does not."""
        begun = self._stash and self.text.startswith("/")
        self._stash = "\n\n".join(filter(None, [self._stash, "" if begun else self.text]))

    def leave(self) -> None:
        """Drop what is written, and go on with what was set aside for it."""
        self.clear()
        if self._stash:
            self.insert(self._stash)
            self._stash = ""

    def take(self, completion: Completion) -> None:
        """Go on with ``completion``, and offer what may follow it."""
        self.put(completion.line)
        if completion.line.endswith((" ", "/")):
            self._offer()

    def call(self, line: str) -> None:
        """Send the command ``line``, or go on writing it where it ends in a space.

        What was being written comes back after it.
        """
        if line.endswith(" "):
            self.set_aside()
            self.put(line)
            self._offer()
        else:
            self.post_message(PromptSent(line))

    def offer_in(self, popup: Popup) -> None:
        """Offer completions there from now on, those of what was typed before among them."""
        self._popup = popup
        self._changed()

    def close_popup(self) -> bool:
        """False when it was closed."""
        return self._popup.close()

    def stand(self, place: str | None) -> None:
        """From now on what is written belongs to the conversation ``place``."""
        self._place = place

    def go(self, place: str | None) -> None:
        """Leave what is written with its conversation, and find what was left at ``place``."""
        if place != self._place:
            self.set_aside()
            self._drafts[self._place], self._stash = self._stash, ""
            self._place = place
            self.put(self._drafts.pop(place, ""))

    async def _on_key(self, event: events.Key) -> None:
        if not self.has_focus:  # typed before the screen was up
            self.screen.set_focus(self)
        # At once: a binding reached by way of the app would overtake, or be overtaken by, what is typed.
        active = self.screen.active_bindings.get(event.key)
        if active is None or active.node is not self or not active.enabled:
            return
        if await self.app.run_action(active.binding.action, self):
            event.stop()
            event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        self.insert(clean(self._pastes.fold(text)))

    @on(TextArea.Changed)
    def _changed(self) -> None:
        if self.text == self._put:
            return
        self._put = ""
        self._offer()

    def _offer(self) -> None:
        offered: list[Completion] = []
        if self.text.startswith("/") and self.cursor_at_end_of_text:
            from tui.core.complete import completions

            offered = completions(self.text, self._candidates)
        self._popup.offer(offered)

    def action_send(self) -> None:
        chosen = self._popup.chosen
        if chosen is not None and self._popup.moved:
            return self.take(chosen)
        text = self.written
        if not text.strip():
            return
        self._popup.close()
        self._walk = None
        self.put(self._stash)
        self._stash = ""
        self.history.clear()
        try:
            self._history.add(text)
        except PathUnusable as error:
            self.post_message(PromptTroubled(str(error)))
        self.post_message(PromptSent(text))

    def action_newline(self) -> None:
        self.insert("\n")

    def action_complete(self) -> None:
        if self._popup.chosen is None:
            self._offer()
        chosen = self._popup.chosen
        if chosen is None:
            raise SkipAction
        self.take(chosen)

    def action_recall(self, by: int) -> None:
        from tui.core.history import Walk

        if self._walk is None or self.text != self._put:
            self._walk = Walk(self._history.texts(), self.text)
        text = self._walk.step(by)
        if text is not None:
            self.put(text)

    def action_cursor_up(self, select: bool = False) -> None:
        if self._popup.move(-1):
            return
        if select or not self.navigator.is_first_wrapped_line(self.cursor_location):
            super().action_cursor_up(select)
        else:
            self.action_recall(-1)

    def action_cursor_down(self, select: bool = False) -> None:
        if self._popup.move(1):
            return
        if select or not self.navigator.is_last_wrapped_line(self.cursor_location):
            super().action_cursor_down(select)
        else:
            self.action_recall(1)

    def action_edit(self) -> None:
        from tui.ui.editor import EditorTrouble, edited

        try:
            self.put(edited(self.app, self.written))
        except EditorTrouble as error:
            self.post_message(PromptTroubled(str(error)))
