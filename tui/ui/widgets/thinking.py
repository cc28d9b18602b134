"""The reasoning before an answer, folded to one line until it is asked for.

This module must not know nodes or turns.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.ui.glyphs import Glyphs
from tui.ui.text import lines


class Thinking(Vertical):
    """Hidden while there is nothing in it."""

    def __init__(self, text: str, glyphs: Glyphs, unfolded: bool = False) -> None:
        super().__init__()
        self._text, self._glyphs = text, glyphs
        self._tokens = ""
        self.unfolded = unfolded

    def compose(self) -> ComposeResult:
        yield Static(markup=False, classes="fold")
        yield Static(markup=False, classes="thoughts")

    def on_mount(self) -> None:
        self._show()

    def write(self, text: str) -> None:
        """Add ``text``, cleaned."""
        self._text += text
        self._show()

    def count(self, tokens: int, budget: int | None) -> None:
        """Say how many tokens it took, and of how many."""
        self._tokens = f"{tokens:,} of {budget:,} tokens" if budget else f"{tokens:,} tokens"
        self._show()

    def fold(self, unfolded: bool) -> None:
        """Show all of it, or only how much there is."""
        self.unfolded = unfolded
        self._show()

    def on_click(self) -> None:
        self.fold(not self.unfolded)

    def _show(self) -> None:
        text = self._text.strip()
        self.display = bool(text)
        sign = self._glyphs.unfolded if self.unfolded else self._glyphs.folded
        size = self._tokens or lines(text.count("\n") + 1)
        self.query_one(".fold", Static).update(f"{sign} thinking{self._glyphs.ellipsis} {size} (Ctrl+T)")
        thoughts = self.query_one(".thoughts", Static)
        thoughts.display = self.unfolded
        if self.unfolded:
            thoughts.update(text)
