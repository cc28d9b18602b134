"""The conversations there are, to choose one: typing searches all their words.

This module must not know what is done with the one that is chosen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from modes.catalog import Catalog
from tui.core.conversation import Conversation, Hit
from tui.core.store import SHORT_ID, Store, StoreError
from tui.ui.badge import badge_of
from tui.ui.glyphs import Glyphs
from tui.ui.text import one_line

_AGES = ((86400 * 365, "y"), (86400 * 30, "mo"), (86400, "d"), (3600, "h"), (60, "min"))


def age(seconds: float) -> str:
    """``3 h``; less than a minute is ``now``."""
    for size, unit in _AGES:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "now"


class Conversations(ModalScreen[Conversation | None]):
    """Enter chooses, Escape leaves; the keyboard stays in the search field throughout."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "back"),
        Binding("up", "move('cursor_up')", "up", show=False),
        Binding("down", "move('cursor_down')", "down", show=False),
        Binding("pageup", "move('page_up')", "page up", show=False),
        Binding("pagedown", "move('page_down')", "page down", show=False),
    ]

    def __init__(self, store: Store, catalog: Catalog, glyphs: Glyphs, words: str = "") -> None:
        super().__init__()
        self._store, self._catalog, self._glyphs, self._words = store, catalog, glyphs, words
        self._found: list[Hit] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Input(self._words, placeholder="Search all conversations", compact=True)
            yield OptionList(markup=False, compact=True)
            yield Static(markup=False, classes="foot")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self._fill(self._words)

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted)
    def _choose_highlighted(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.dismiss(self._found[at].conversation)

    @on(OptionList.OptionSelected)
    def _choose_clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index].conversation)

    def on_resize(self) -> None:
        self._list()

    def action_move(self, how: str) -> None:
        options = self.query_one(OptionList)
        moves: dict[str, Callable[[], None]] = {
            "cursor_up": options.action_cursor_up,
            "cursor_down": options.action_cursor_down,
            "page_up": options.action_page_up,
            "page_down": options.action_page_down,
        }
        moves[how]()

    def _fill(self, words: str) -> None:
        foot = "Enter resumes, Escape leaves"
        try:
            if words.strip():
                self._found = self._store.search(words)
            else:
                self._found = [Hit(one, "") for one in self._store.list()]
        except StoreError as error:
            self._found, foot = [], f"error: {one_line(str(error))}"
        if not self._found and not foot.startswith("error"):
            foot = "nothing found, Escape leaves" if words.strip() else "none yet, Escape leaves"
        self.query_one(".foot", Static).update(foot)
        self._list()

    def _list(self) -> None:
        options = self.query_one(OptionList)
        width = max(options.size.width - options.scrollbar_size_vertical, 20)
        options.clear_options()
        options.add_options([self._row(hit, width) for hit in self._found])
        options.highlighted = 0 if self._found else None

    def _row(self, hit: Hit, width: int) -> Content:
        one = hit.conversation
        mode = badge_of(one.mode, self._catalog, self._glyphs)
        old = Content.styled(f"{age(time.time() - one.updated_at):>7}", "dim")
        ellipsis = not self._glyphs.plain
        title = Content(one_line(one.title) or one.id[:SHORT_ID])
        room = max(width - mode.cell_length - old.cell_length - 2, 8)
        line = Content.assemble(title.truncate(room, ellipsis=ellipsis, pad=True), "  ", mode, old)
        if not hit.excerpt:
            return line
        excerpt = Content.styled(f"  {one_line(hit.excerpt)}", "dim").truncate(width, ellipsis=ellipsis)
        return Content("\n").join([line, excerpt])
