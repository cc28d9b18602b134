"""The conversations there are, to choose one: typing searches all their words.

The keyboard stays in the search field throughout. This module must not know what is done with the one that is
chosen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from tui.core.conversation import Conversation, Hit
from tui.core.store import Store, StoreError
from tui.ui.messages import ConversationChosen, DeletionWanted, Found, ListLeft, UndoWanted
from tui.ui.rows import Rows
from tui.ui.text import one_line
from tui.ui.widgets.search import Search

#: Conversations looked up at a time; as many more when the end of them is reached.
PAGE = 100


class Conversations(Vertical):
    """Sends `ConversationChosen`, `DeletionWanted`, `UndoWanted` and `ListLeft`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False, id="list_leave"),
        Binding("up", "move('cursor_up')", "up", show=False, id="list_up"),
        Binding("down", "move('cursor_down')", "down", show=False, id="list_down"),
        Binding("pageup", "move('page_up')", "page up", show=False, id="list_page_up"),
        Binding("pagedown", "move('page_down')", "page down", show=False, id="list_page_down"),
        Binding("f8", "delete", "in the list: delete the conversation", id="list_delete"),
        Binding("ctrl+z", "undo", "in the list: bring back what was deleted", id="list_undo"),
    ]

    def __init__(self, store: Store, rows: Rows, words: str = "", foot: str = "") -> None:
        super().__init__()
        self._store, self._rows, self._words, self._foot = store, rows, words, foot
        self._found: list[Hit] = []
        self._shown: list[Content] = []
        self._ids: list[str] = []
        self._limit = PAGE
        self._front: str | None = None
        self._found_for: str | None = None
        self._entered = self._moved = False

    def compose(self) -> ComposeResult:
        yield Search(self._words, "Search all")
        yield OptionList(markup=False, compact=True)
        yield Static(markup=False, classes="foot")

    def on_mount(self) -> None:
        for options in self.query(OptionList):  # none when the program is left in this very moment
            options.can_focus = False
        self.look(self._front)

    def on_resize(self) -> None:
        self._list()

    @property
    def highlighted(self) -> Conversation | None:
        """The one that a key would choose or delete."""
        at = self.query_one(OptionList).highlighted
        return self._found[at].conversation if at is not None and at < len(self._found) else None

    def look(self, front: str | None) -> None:
        """Look the conversations up again; ``front`` is the id of the one in front, if it has one."""
        self._moved = self._moved or (front is not None and front != self._front)
        self._front = front
        self._look_up(self._words, self._limit)

    @work(exclusive=True, group="conversations")
    async def _look_up(self, words: str, limit: int) -> None:
        # Only the store is asked on a thread. A message sent from there needs the app, which a widget does
        # not find before it is composed, and this may be called earlier.
        hits, error = await asyncio.to_thread(_looked_up, self._store, words, limit)
        self.post_message(Found(words, hits, error))

    @on(Found)
    def _take(self, event: Found) -> None:
        event.stop()
        if event.words != self._words:
            return  # somebody typed on
        self._found, self._found_for = event.hits, event.words
        foot = self._foot
        if event.error:
            foot = f"error: {one_line(event.error)}"
        elif not event.hits:
            foot = "nothing found" if self._words.strip() else "none yet"
        self.query_one(".foot", Static).update(foot)
        self._list()
        if self._entered:
            self._choose_highlighted()

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._words:
            self._words, self._limit, self._entered = event.value, PAGE, False
            self._ids = []  # the highlight goes to the first that is found
            self.query_one(OptionList).action_first()
            self.look(self._front)

    @on(Input.Submitted)
    def _choose(self, event: Input.Submitted) -> None:
        event.stop()
        # What is shown may still be what was found for fewer words.
        self._entered = self._found_for != self._words
        if not self._entered:
            self._choose_highlighted()

    def _choose_highlighted(self) -> None:
        self._entered = False
        if self.highlighted:
            self.post_message(ConversationChosen(self.highlighted))

    @on(OptionList.OptionSelected)
    def _click(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option in event.option_list.options:  # else other ones were found since the click
            self.post_message(ConversationChosen(self._found[event.option_index].conversation))

    @on(OptionList.OptionHighlighted)
    def _reach(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_index >= self._limit - 1:
            self._limit += PAGE
            self.look(self._front)

    def action_move(self, how: str) -> None:
        options = self.query_one(OptionList)
        moves: dict[str, Callable[[], None]] = {
            "cursor_up": options.action_cursor_up,
            "cursor_down": options.action_cursor_down,
            "page_up": options.action_page_up,
            "page_down": options.action_page_down,
        }
        if options.scrollable_content_region:  # else Textual finds no page to turn, and fails
            moves[how]()

    def action_leave(self) -> None:
        self.post_message(ListLeft())

    def action_delete(self) -> None:
        if self.highlighted and self._found_for == self._words:  # else what is shown is not what is meant
            self.post_message(DeletionWanted(self.highlighted))

    def action_undo(self) -> None:
        self.post_message(UndoWanted())

    def _list(self) -> None:
        """Draw the rows, if they are other ones, and keep the highlight on its conversation."""
        options = self.query_one(OptionList)
        width = max(options.size.width - options.scrollbar_size_vertical, 12)
        rows = [self._rows.row(hit, width, hit.conversation.id == self._front) for hit in self._found]
        if [row.markup for row in rows] == [row.markup for row in self._shown]:
            return
        ids = [hit.conversation.id for hit in self._found]
        at = options.highlighted or 0
        wanted = self._front if self._moved else self._ids[at] if at < len(self._ids) else None
        if wanted in ids:
            at, self._moved = ids.index(wanted), False
        self._shown, self._ids = rows, ids
        options.clear_options()
        options.add_options(rows)
        options.highlighted = min(at, len(rows) - 1) if rows else None


def _looked_up(store: Store, words: str, limit: int) -> tuple[list[Hit], str]:
    """What there is, or why it cannot be said; blocks."""
    try:
        if words.strip():
            return store.search(words, limit), ""
        return [Hit(one, "") for one in store.list(limit)], ""
    except StoreError as refused:
        return [], str(refused)
