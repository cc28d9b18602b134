"""The bottom of the screen where one writes: a mark, the prompt, and completions above it.

This module must not know what is done with what is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from tui.ui.messages import CompletionTaken
from tui.ui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui.core.complete import Candidates
    from tui.core.history import History
    from tui.ui.glyphs import Glyphs


class Entry(Vertical):
    """Puts the three together."""

    def __init__(self, glyphs: Glyphs, history: History, candidates: Candidates) -> None:
        super().__init__()
        self._glyphs = glyphs
        self.prompt = Prompt(history, candidates)

    def compose(self) -> ComposeResult:
        with Horizontal(id="entry"):
            yield Static(self._glyphs.prompt, markup=False, id="mark")
            yield self.prompt

    async def fill(self) -> None:
        """Put in what the first frame does not show: the completions, which nobody can want before."""
        from tui.ui.widgets.popup import Popup

        popup = Popup(self._glyphs)
        await self.mount(popup, before=0)
        self.prompt.offer_in(popup)

    @on(CompletionTaken)
    def _clicked(self, event: CompletionTaken) -> None:
        event.stop()
        self.prompt.take(event.completion)
        self.prompt.focus()
