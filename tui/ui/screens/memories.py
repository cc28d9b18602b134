"""Memories in a list, the one that is chosen in full below it; there it is pinned, vetoed or forgotten.

This module must not know how a memory is kept: it asks the curator, on threads.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static

from tui.core.curating import Curator, MemoryRefused
from tui.ui.memory_words import Row, account, as_shown, row
from tui.ui.screens.memory_keys import MemoryKeys
from tui.ui.text import one_line

if TYPE_CHECKING:
    from tui.core.memories import Memories
    from tui.ui.glyphs import Glyphs

FOOT = "P pins, V vetoes, F forgets, Escape leaves"


class MemoriesScreen(MemoryKeys):
    """``conversation`` is where pins and vetoes hold; None: nowhere yet."""

    def __init__(
        self,
        rows: Sequence[Row],
        memories: Memories,
        conversation: str | None,
        glyphs: Glyphs,
        chosen: str = "",
    ) -> None:
        super().__init__()
        self._listed, self._glyphs = list(rows), glyphs
        self._memories, self._curator, self._conversation = memories, Curator(memories), conversation
        self._chosen = chosen
        self._pinned: frozenset[str] = frozenset()
        self._vetoed: frozenset[str] = frozenset()
        self._gone: dict[str, str] = {}
        self._doubted = ""
        self._read: Row | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield OptionList(markup=False, compact=True)
            with VerticalScroll(can_focus=False):
                yield Static(markup=False, id="memory")
            yield Static(FOOT, markup=False, classes="foot")

    def on_mount(self) -> None:
        ids = [one.id for one in self._listed]
        self._list(ids.index(self._chosen) if self._chosen in ids else 0)
        self._look()

    def on_resize(self) -> None:
        self._list(self.query_one(OptionList).highlighted or 0)

    @property
    def _here(self) -> Row | None:
        at = self.query_one(OptionList).highlighted
        return self._listed[at] if at is not None and at < len(self._listed) else None

    @on(OptionList.OptionHighlighted)
    def _reach(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self._here is not self._read:  # else the list was only drawn anew
            self._read, self._doubted = self._here, ""
            self._say(FOOT)
            self._open()

    @work(exclusive=True, group="memory")
    async def _open(self) -> None:
        """The memory that is highlighted, in full."""
        one = self._here
        if one is None:
            return
        told = await asyncio.to_thread(self._account, one)
        if self._here is one:
            self.query_one("#memory", Static).update(told)

    @work(exclusive=True, group="marks")
    async def _look(self) -> None:
        """What holds here, written beside each."""
        if self._conversation is None:
            return
        ask, place = self._memories, self._conversation
        pinned, vetoed = await asyncio.to_thread(lambda: (ask.pinned(place), ask.vetoed(place)))
        self._pinned, self._vetoed = frozenset(pinned), vetoed
        self._list(self.query_one(OptionList).highlighted or 0)

    def _account(self, one: Row) -> Content:
        try:
            return account(self._curator.one(one.id), time.time(), self._glyphs)
        except MemoryRefused as refused:
            return as_shown(one, self._gone.get(one.id, str(refused)), self._glyphs)

    def action_leave(self) -> None:
        self.dismiss()

    def action_scroll(self, where: str) -> None:
        scroll = self.query_one(VerticalScroll)
        (scroll.scroll_page_up if where == "up" else scroll.scroll_page_down)(animate=False)

    def action_pin(self) -> None:
        if (place := self._place()) and (one := self._here):
            on = one.id not in self._pinned
            told = "is shown with every question here" if on else "is no longer pinned"
            self._do(lambda: self._curator.pin(one.id, place, on), f"#{one_line(one.id)} {told}")

    def action_veto(self) -> None:
        if (place := self._place()) and (one := self._here):
            on = one.id not in self._vetoed
            told = "is never shown here again" if on else "may be shown here again"
            self._do(lambda: self._curator.veto(one.id, place, on), f"#{one_line(one.id)} {told}")

    def action_forget(self) -> None:
        one = self._here
        if one is None or one.id in self._gone:
            return
        if self._doubted != one.id:
            self._doubted = one.id
            return self._say(f"F again forgets #{one_line(one.id)} for good")
        self._doubted = ""

        def forget() -> None:
            self._gone[one.id] = forgotten(one.id, self._curator.forget(one.id, self._conversation))

        self._do(forget, "")

    def _place(self) -> str | None:
        if self._conversation is None:
            self._say("there is no conversation yet to do that in: ask a question first")
        return self._conversation

    @work(group="memory work")
    async def _do(self, work: Callable[[], object], told: str) -> None:
        """``work`` on a thread, and ``told`` once it is done, or what was noted of its memory's end."""
        one = self._here
        try:
            await asyncio.to_thread(work)
            told = told or (self._gone.get(one.id, "") if one else "")
        except MemoryRefused as refused:
            told = f"error: {one_line(str(refused))}"
        self._say(told)
        self._look()
        self._open()

    def _say(self, text: str) -> None:
        if text != FOOT:
            text = f"{text} ({FOOT})"
        self.query_one(".foot", Static).update(text)

    def _list(self, at: int) -> None:
        options = self.query_one(OptionList)
        width = max(options.size.width - 3, 16)
        ids = max((len(one_line(one.id)) for one in self._listed), default=0) + 1
        options.clear_options()
        options.add_options([row(one, ids, width, self._glyphs, self._mark(one)) for one in self._listed])
        options.highlighted = min(at, len(self._listed) - 1) if self._listed else None

    def _mark(self, one: Row) -> str:
        if one.id in self._gone:
            return "forgotten"
        return "pinned" if one.id in self._pinned else "vetoed" if one.id in self._vetoed else ""


def forgotten(id: str, origin: str) -> str:
    """What forgetting it came to."""
    if origin == "local":
        return f"#{one_line(id)} is forgotten"
    return f"#{one_line(id)} is a federation's: it is hidden on this machine and stays where it is"
