"""The conversation as it is read: a window on its entries, followed while they grow.

This module must not know the store or the engine: nodes come in. However long a conversation is, only so many
of its entries are widgets; the reader's scrolling moves the window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from textual import events, on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.ui.badge import badge_of
from tui.ui.widgets.note import Kind, Note

if TYPE_CHECKING:
    from modes.catalog import Catalog
    from tui.core.conversation import Node
    from tui.core.versions import Version
    from tui.ui.glyphs import Glyphs
    from tui.ui.widgets.entries import Answer, Question

#: Entries mounted at first, entries added when the reader comes to either end, and the most there are.
PAGE = 30
STEP = 20
MOST = 90


class Item:
    """An entry; ``widget``, which ``make`` makes, is None while it is outside of the window."""

    def __init__(self, make: Callable[[], Widget]) -> None:
        self.make = make
        self.widget: Widget | None = None


class Transcript(VerticalScroll, can_focus=False):
    """Follows its end until the reader scrolls away, and again once the reader is back.

    What is awaited here is for the screen's task alone: it would not bear being done twice at a time.
    """

    def __init__(self, catalog: Catalog, glyphs: Glyphs) -> None:
        super().__init__()
        self._catalog, self._glyphs = catalog, glyphs
        self._items: list[Item] = []
        self._first = self._last = 0
        self._unfolded = False

    @property
    def room(self) -> int:
        """Cells that a line of a note may take now."""
        return max(self.scrollable_content_region.width - 2, 20)

    def on_mount(self) -> None:
        self.anchor()

    async def show(
        self, path: Sequence[Node], versions: Mapping[str, Version], growing: bool = False
    ) -> list[Item]:
        """Only ``path``, or the end of it, and no notes; its last answer may be ``growing``."""
        end = len(path) - 1
        self._items = [self._item(path, at, versions, growing and at == end) for at in range(len(path))]
        await self._show_end()
        return self._items[:]

    async def page_up(self) -> None:
        """Scroll a page back; at the top, mount more of what is earlier."""
        if self.scroll_y > 0 or not self._first:
            return self.scroll_page_up(animate=False)
        top = self._items[self._first].widget
        first = max(0, self._first - STEP)
        await self._show_window(first, min(self._last, first + MOST))
        self._keep(top)

    async def page_down(self) -> None:
        """Scroll a page on; at the bottom, mount more of what is later."""
        if self.scroll_y < self.max_scroll_y or self._last == len(self._items):
            return self.scroll_page_down(animate=False)
        last = min(len(self._items), self._last + STEP)
        begin = self._items[self._last - 1].widget
        await self._show_window(max(self._first, last - MOST), last)
        self._keep(begin)

    async def follow(self) -> None:
        """Back to the end."""
        if self._last < len(self._items):
            await self._show_end()
        self.anchor()

    async def ask(self, text: str, waiting: str) -> Item:
        """A question at the end, not on record yet."""
        return await self._add(lambda: self._question(text, waiting))

    async def answer(self, node: Callable[[], Node]) -> Item:
        """An answer at the end that grows; ``node`` is what there is of it, whenever that is wanted."""
        return await self._add(lambda: self._answer(node(), None, growing=node().status == "streaming"))

    async def note(self, text: str | Content, kind: Kind = "note") -> None:
        """A word of the program at the end."""
        await self._add(lambda: Note(text, self._glyphs, kind))

    async def drop(self, item: Item) -> None:
        """Take ``item`` away again."""
        at = self._items.index(item)
        self._items.remove(item)
        self._first -= at < self._first
        self._last -= at < self._last
        if item.widget:
            await item.widget.remove()

    def fold(self) -> None:
        """Unfold all thinking and all memories, or fold them again."""
        self._unfolded = not self._unfolded
        from tui.ui.widgets.entries import Answer

        for answer in self.query(Answer):
            answer.fold(self._unfolded)

    def on_mouse_scroll_up(self) -> None:
        if self.scroll_y <= 0 and self._first:
            self.screen.call_later(self.page_up)

    def on_mouse_scroll_down(self) -> None:
        if self.scroll_y >= self.max_scroll_y and self._last < len(self._items):
            self.screen.call_later(self.page_down)

    @on(events.Click, ".marker")
    def _load(self, event: events.Click) -> None:
        earlier = event.widget is not None and event.widget.id == "earlier"
        if earlier:
            self.scroll_home(animate=False)
        else:
            self.scroll_end(animate=False)
        self.screen.call_later(self.page_up if earlier else self.page_down)

    async def _add(self, make: Callable[[], Widget]) -> Item:
        item = Item(make)
        at_end = self._last == len(self._items)
        self._items.append(item)
        if not at_end:
            await self._show_end()
            return item
        crowded = self._last - self._first >= MOST
        await self._show_window(self._first + STEP if crowded else self._first, len(self._items))
        self.anchor()
        return item

    async def _show_end(self) -> None:
        for item in self._items:
            item.widget = None
        self._first = self._last = max(0, len(self._items) - PAGE)
        await self.remove_children()
        await self._show_window(self._first, len(self._items))
        self.anchor()

    async def _show_window(self, first: int, last: int) -> None:
        """Mount what is between, and nothing else; the windows before and after overlap or touch."""
        gone = [*self._items[self._first : first], *self._items[last : self._last]]
        with self.app.batch_update():
            await self.query("#earlier, #later").remove()
            await self.remove_children([item.widget for item in gone if item.widget])
            for item in gone:
                item.widget = None
            before = self._mounted(first, min(self._first, last))
            after = self._mounted(max(self._last, first), last)
            self._first, self._last = first, last
            if before or first:
                await self.mount_all([*self._marker("earlier", first, "PageUp"), *before], before=0)
            await self.mount_all([*after, *self._marker("later", len(self._items) - last, "PageDown")])

    def _mounted(self, first: int, last: int) -> list[Widget]:
        made = []
        for item in self._items[first:last]:
            item.widget = item.make()
            made.append(item.widget)
        return made

    def _keep(self, widget: Widget | None) -> None:
        """What was being read stays in sight, at the top."""
        self.release_anchor()
        if widget:
            self.call_after_refresh(self.scroll_to_widget, widget, animate=False, top=True)

    def _marker(self, name: str, count: int, key: str) -> list[Widget]:
        if not count:
            return []
        text = f"{count:,} {name} message{'' if count == 1 else 's'} ({key} loads more)"
        return [Static(text, markup=False, id=name, classes="marker")]

    def _item(self, path: Sequence[Node], at: int, versions: Mapping[str, Version], growing: bool) -> Item:
        def make() -> Widget:
            node = path[at]  # read when it is wanted: the last one may have grown
            version = versions.get(node.id)
            if node.role == "user":
                return self._question(node.content, version=version)
            return self._answer(node, version, growing and node.status == "streaming")

        return Item(make)

    def _question(self, text: str, waiting: str = "", version: Version | None = None) -> Question:
        from tui.ui.widgets.entries import Question  # with the first one, as answers are

        return Question(text, self._glyphs, waiting, version)

    def _answer(self, node: Node, version: Version | None, growing: bool) -> Answer:
        from tui.ui.widgets.entries import Answer

        spec = node.provenance.mode if node.provenance else "base"
        badge = badge_of(spec, self._catalog, self._glyphs)
        return Answer(badge, self._glyphs, node, version, growing, self._unfolded)
