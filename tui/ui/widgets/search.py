"""A field in which one searches: a line of text, whatever is pasted into it.

This module must not know what is searched.
"""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from tui.ui.text import one_line


class Search(Input):
    """Textual's own would draw the control characters of a paste as they are."""

    def __init__(self, words: str, placeholder: str) -> None:
        super().__init__(one_line(words), placeholder=placeholder, compact=True)

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        super()._on_paste(events.Paste(one_line(event.text)))
        event.stop()
