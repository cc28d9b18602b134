"""The bottom of the screen where one writes: a mark, the prompt, and completions above it.

This module must not know what is done with what is written.
"""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from tui.core.complete import Candidates
from tui.core.history import History
from tui.ui.glyphs import Glyphs
from tui.ui.widgets.popup import Popup
from tui.ui.widgets.prompt import Prompt


class Entry(Vertical):
    """Puts the three together."""

    def __init__(self, glyphs: Glyphs, history: History, candidates: Candidates) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._popup = Popup(glyphs)
        self.prompt = Prompt(history, candidates, self._popup)

    def compose(self) -> ComposeResult:
        yield self._popup
        with Horizontal(id="entry"):
            yield Static(self._glyphs.prompt, markup=False, id="mark")
            yield self.prompt

    @on(Popup.Taken)
    def _clicked(self, event: Popup.Taken) -> None:
        event.stop()
        self.prompt.take(event.completion)
        self.prompt.focus()
