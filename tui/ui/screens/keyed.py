"""What the keys do on the screen of a conversation.

This module must not know how a turn is run: it tells the desk, the transcript, or the commands.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.ui.messages import ListLeft, PromptSent
from tui.ui.widgets.sidebar import NARROW

if TYPE_CHECKING:
    from tui.ui.desk import Desk
    from tui.ui.widgets.prompt import Prompt
    from tui.ui.widgets.sidebar import Sidebar
    from tui.ui.widgets.transcript import Transcript

#: Seconds within which a second Ctrl+C leaves.
TWICE = 2.0


class Keyed(Screen[None]):
    """A screen with these parts, and the keys for them."""

    desk: Desk
    prompt: Prompt
    sidebar: Sidebar
    transcript: Transcript
    _interrupted = 0.0

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "stop the answer; leave an edit", id="stop"),
        Binding("ctrl+c", "interrupt", "stop the answer; twice: leave", id="interrupt"),
        Binding("ctrl+t", "fold", "show or fold thinking and memories", priority=True, id="fold"),
        Binding("f2", "sidebar", "to the conversations; from there: hide them", id="sidebar"),
        Binding("f3", "command('/copy')", "copy the last answer", id="copy"),
        Binding("f4", "command('/copy code')", "copy the last block of code", id="copy_code"),
        Binding("f5", "command('/memory list')", "the memories of the last answer", id="memories"),
        Binding(
            "alt+left",
            "command('/version previous')",
            "version before",
            priority=True,
            id="version_before",
        ),
        Binding("alt+right", "command('/version next')", "version after", priority=True, id="version_after"),
        Binding("pageup", "earlier", "scroll back, load earlier messages", id="earlier"),
        Binding("pagedown", "later", "scroll on", id="later"),
        Binding("ctrl+end", "follow", "back to the end", priority=True, id="follow"),
    ]

    @property
    def leaving(self) -> bool:
        """Ctrl+C was pressed at rest just now."""
        return time.monotonic() - self._interrupted < TWICE

    def show_status(self) -> None:
        """Tell what is going on."""
        raise NotImplementedError

    def toggle_sidebar(self) -> None:
        """Show the sidebar, or hide it, and put the keyboard where it is then wanted."""
        self.sidebar.show(not self.sidebar.display)
        if not self.sidebar.display:
            self.prompt.focus()

    @on(ListLeft)
    def _list_left(self) -> None:
        self.prompt.focus()

    def action_stop(self) -> None:
        if self.prompt.close_popup():
            return
        if not self.desk.stop() and self.desk.front.editing:
            self.desk.front.leave_edit()
            self.prompt.leave()
        self.show_status()

    def action_interrupt(self) -> None:
        selected = self.prompt.selected_text or self.get_selected_text()
        if selected:
            self.app.copy_to_clipboard(selected)
            self.clear_selection()
            self.prompt.move_cursor(self.prompt.cursor_location)  # its selection goes, too
        elif not self.desk.stop():
            if self.leaving:
                self.app.exit()
            self._interrupted = time.monotonic()
        self.show_status()

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

    # An action runs in the task of the widget that has the keyboard. What moves the transcript's window runs
    # in the screen's task, in turn with what an answer writes into it.

    def action_earlier(self) -> None:
        self.call_later(self.transcript.page_up)

    def action_later(self) -> None:
        self.call_later(self.transcript.page_down)

    def action_follow(self) -> None:
        self.call_later(self.transcript.follow)
