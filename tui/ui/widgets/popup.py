"""Ways to go on with what is being typed, above the prompt, over the transcript.

This module must not know commands: ready-made completions come in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import OptionList

from tui.ui.messages import CompletionTaken
from tui.ui.text import one_line

if TYPE_CHECKING:
    from tui.core.complete import Completion
    from tui.ui.glyphs import Glyphs

#: Rows at most, and of these never more than a third of the terminal.
ROWS = 8


class Popup(OptionList, can_focus=False):
    """Hidden while it has nothing to offer. Sends `CompletionTaken`."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(markup=False, compact=True)
        self._glyphs = glyphs
        self._offered: list[Completion] = []
        self.moved = False
        self.display = False

    @property
    def chosen(self) -> Completion | None:
        """The highlighted one; None while hidden."""
        at = self.highlighted
        return self._offered[at] if self.display and at is not None else None

    def offer(self, completions: Sequence[Completion]) -> None:
        """Show these, the first one highlighted; none of them hides it."""
        self._offered, self.moved = list(completions), False
        self.display = bool(completions)
        if self._offered:
            self._list()

    def move(self, by: int) -> bool:
        """Highlight another one, round and round; False while hidden."""
        if not self.display or self.highlighted is None:
            return False
        self.moved = True
        self.highlighted = (self.highlighted + by) % len(self._offered)
        return True

    def on_resize(self) -> None:
        if self.display and not self.moved:
            self._list()

    def close(self) -> bool:
        """Hide it; False when it was hidden."""
        shown, self.display = self.display, False
        return shown

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option in self.options:  # else other ones are offered since the click
            self.post_message(CompletionTaken(self._offered[event.option_index]))

    def _list(self) -> None:
        rows = min(len(self._offered), ROWS, max(self.screen.size.height // 3, 1))
        # Laid out in no room of its own, just above what follows it.
        self.styles.height, self.styles.offset = rows, (0, -rows)
        # Hidden until now it has no width of its own yet; three cells are its padding and a scrollbar.
        width = max((self.container_size.width or self.screen.size.width) - 3, 10)
        left = min(max(len(one.label) for one in self._offered) + 2, max(width // 2, 10))
        self.clear_options()
        self.add_options([self._row(one, left, width) for one in self._offered])
        self.highlighted = 0

    def _row(self, one: Completion, left: int, width: int) -> Content:
        ellipsis = not self._glyphs.plain
        label = Content(one_line(one.label)).truncate(left - 2, ellipsis=ellipsis, pad=True)
        help = Content.styled(one_line(one.help), "dim")
        return Content.assemble(label, "  ", help).truncate(width, ellipsis=ellipsis)
