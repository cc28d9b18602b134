"""Where the operator writes: Enter sends, and a few keys that a text area has for something else.

This module must not know commands or turns.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from tui.ui.messages import LastQuestionWanted, PromptSent


class Prompt(TextArea):
    """One to six lines, empty again once sent."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "send"),
        Binding("ctrl+j,shift+enter", "newline", "new line"),
        Binding("alt+enter", "newline", show=False),
        Binding("up", "cursor_up", "on an empty prompt: the last question"),
        # A text area would scroll and copy; here these are the screen's.
        Binding("pageup", "screen.earlier", show=False),
        Binding("pagedown", "screen.later", show=False),
        Binding("ctrl+c", "screen.interrupt", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(
            compact=True,
            highlight_cursor_line=False,
            placeholder="Ask, or /help",
            tab_behavior="focus",
        )

    def put(self, text: str) -> None:
        """Replace what is there, with the cursor at the end."""
        self.text = text
        self.move_cursor(self.document.end)

    def give_back(self, text: str) -> None:
        """Put ``text`` before what was written since it was sent."""
        self.put("\n\n".join(filter(None, [text, self.text])))

    async def _on_key(self, event: events.Key) -> None:
        # A text area would put a line break; a priority binding would overtake what was typed before it.
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.action_send()

    def action_send(self) -> None:
        text = self.text
        if text.strip():
            self.clear()
            self.post_message(PromptSent(text))

    def action_newline(self) -> None:
        self.insert("\n")

    def action_cursor_up(self, select: bool = False) -> None:
        if self.text:
            super().action_cursor_up(select)
        else:
            self.post_message(LastQuestionWanted())
