"""The memories that an answer was written with, folded to one line until they are asked for.

This module must not know the store or turns.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.core.conversation import Recollection
from tui.ui.glyphs import Glyphs
from tui.ui.memory_words import Row, head, rows

HELP = "F5 opens them, to read, pin, veto or forget"


class Reminders(Vertical):
    """Which memories, how hot each was, how near to the question, and what it took of the context."""

    def __init__(self, memories: Recollection, glyphs: Glyphs, unfolded: bool = False) -> None:
        super().__init__()
        self._memories, self._glyphs = memories, glyphs
        self.unfolded = unfolded

    def compose(self) -> ComposeResult:
        yield Static(markup=False, classes="fold")
        yield Static(markup=False, classes="shown")

    def on_mount(self) -> None:
        self._show()

    def on_resize(self) -> None:
        self._show()

    def fold(self, unfolded: bool) -> None:
        """A line each, or only which."""
        self.unfolded = unfolded
        self._show()

    def on_click(self) -> None:
        self.fold(not self.unfolded)

    def _show(self) -> None:
        sign = self._glyphs.unfolded if self.unfolded else self._glyphs.folded
        self.query_one(".fold", Static).update(f"{sign} {head(self._memories, self._glyphs)}")
        shown = self.query_one(".shown", Static)
        shown.display = self.unfolded
        if self.unfolded:
            listed = [Row.of_shown(one) for one in self._memories.shown]
            told = rows(listed, shown.content_size.width or self.content_size.width - 2, self._glyphs)
            shown.update(Content.assemble(told, "\n", HELP))
