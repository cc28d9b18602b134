"""The conversations beside the transcript: shown where there is room, or when it is wanted.

This module must not know what the operator does there: `Conversations` says that.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from tui.core.store import Store
from tui.ui.rows import Rows
from tui.ui.widgets.conversations import Conversations

#: Columns of the terminal from which it is shown without being asked for, and from which it can be at all.
WIDE = 110
NARROW = 60


class Sidebar(Vertical):
    """Its width is the stylesheet's business."""

    def __init__(self, store: Store, rows: Rows) -> None:
        super().__init__()
        self._list = Conversations(store, rows)
        self._wanted: bool | None = None

    def compose(self) -> ComposeResult:
        yield self._list

    def show(self, wanted: bool) -> None:
        """Shown or hidden from now on, whatever the width, as long as it fits."""
        self._wanted = wanted
        self.fit(self.app.size.width)

    def fit(self, columns: int) -> None:
        """The terminal is ``columns`` wide."""
        wanted = columns >= WIDE if self._wanted is None else self._wanted
        self.display = wanted and columns >= NARROW

    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self.query_one(Input).focus()

    @property
    def has_keyboard(self) -> bool:
        """The keyboard is in it."""
        return self.has_focus_within

    def look(self, front: str | None) -> None:
        """The conversations may have changed; ``front`` is the id of the one in front."""
        self._list.look(front)
