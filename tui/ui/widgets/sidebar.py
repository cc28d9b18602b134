"""The conversations beside the transcript: shown where there is room, or when it is wanted.

This module must not know what the operator does there: `Conversations` says that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input

if TYPE_CHECKING:
    from tui.core.store import Store
    from tui.ui.rows import Rows
    from tui.ui.widgets.conversations import Conversations

#: Columns of the terminal from which it is shown without being asked for, and from which it can be at all.
WIDE = 110
NARROW = 60


class Sidebar(Vertical):
    """Its width is the stylesheet's business. Empty until `fill` is called."""

    def __init__(self) -> None:
        super().__init__()
        self._list: Conversations | None = None
        self._front: str | None = None
        self._wanted: bool | None = None
        self._searched = False

    async def fill(self, store: Store, rows: Rows) -> None:
        """Put the list in; once, after the first frame, which need not wait for it."""
        from tui.ui.widgets.conversations import Conversations

        self._list = Conversations(store, rows)
        await self.mount(self._list)
        self.look(self._front)
        if self._searched:
            self.focus_search()

    def show(self, wanted: bool) -> None:
        """Shown or hidden from now on, whatever the width, as long as it fits."""
        self._wanted = wanted
        self.fit(self.app.size.width)

    def fit(self, columns: int) -> None:
        """The terminal is ``columns`` wide."""
        wanted = columns >= WIDE if self._wanted is None else self._wanted
        self.display = wanted and columns >= NARROW

    def focus_search(self) -> None:
        """Put the keyboard into the search field, as soon as there is one."""
        self._searched = self._list is None
        if self._list is not None:
            self._list.query_one(Input).focus()

    @property
    def has_keyboard(self) -> bool:
        """The keyboard is in it."""
        return self.has_focus_within

    def look(self, front: str | None) -> None:
        """The conversations may have changed; ``front`` is the id of the one in front."""
        self._front = front
        if self._list is not None:
            self._list.look(front)
