"""The conversation as it is read: the newest entries, followed while they grow.

This module must not know the store or the engine: nodes come in, the earlier ones are mounted on demand.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from modes.catalog import Catalog
from tui.core.conversation import Node
from tui.ui.badge import badge_of
from tui.ui.glyphs import Glyphs
from tui.ui.widgets.entries import Answer, Kind, Note, Question

#: Messages mounted at a time: more make a long conversation slow to open.
PAGE = 60


class Transcript(VerticalScroll, can_focus=False):
    """Follows its end until the reader scrolls away, and again once the reader is back."""

    def __init__(self, catalog: Catalog, glyphs: Glyphs) -> None:
        super().__init__()
        self._catalog, self._glyphs = catalog, glyphs
        self._earlier: list[Node] = []
        self._unfolded = False

    @property
    def room(self) -> int:
        """Cells that a line of a note may take now."""
        return max(self.scrollable_content_region.width - 2, 20)

    def on_mount(self) -> None:
        self.anchor()

    async def show(self, path: Sequence[Node]) -> None:
        """Only ``path``, or the end of it, and no notes."""
        self._earlier = list(path[:-PAGE])
        await self.remove_children()
        await self.mount_all([*self._more(), *(self._entry(node) for node in path[-PAGE:])])
        self.anchor()

    async def page_up(self) -> None:
        """Scroll a page back; at the top, mount more of what is earlier."""
        if self.scroll_y > 0 or not self._earlier:
            self.scroll_page_up(animate=False)
            return
        page, self._earlier = self._earlier[-PAGE:], self._earlier[:-PAGE]
        top = self.children[1]
        await self.query("#earlier").remove()
        await self.mount_all([*self._more(), *(self._entry(node) for node in page)], before=0)
        # What was being read stays where it was, at the top.
        self.release_anchor()
        self.call_after_refresh(self.scroll_to_widget, top, animate=False, top=True)

    async def ask(self, text: str, waiting: str) -> Question:
        """A question at the end, not on record yet."""
        question = Question(text, self._glyphs, waiting)
        await self.mount(question)
        self.anchor()
        return question

    async def answer(self, spec: str) -> Answer:
        """An empty answer of mode ``spec`` at the end."""
        answer = Answer(badge_of(spec, self._catalog, self._glyphs), self._glyphs)
        await self.mount(answer)
        answer.fold(self._unfolded)
        return answer

    async def note(self, text: str | Content, kind: Kind = "note") -> None:
        """A word of the program at the end."""
        await self.mount(Note(text, self._glyphs, kind))
        self.anchor()

    def fold(self) -> None:
        """Unfold all thinking, or fold it again."""
        self._unfolded = not self._unfolded
        for answer in self.query(Answer):
            answer.fold(self._unfolded)

    def _more(self) -> list[Widget]:
        if not self._earlier:
            return []
        text = f"{len(self._earlier):,} earlier messages (PageUp loads more)"
        return [Static(text, markup=False, id="earlier")]

    def _entry(self, node: Node) -> Widget:
        if node.role == "user":
            return Question(node.content, self._glyphs)
        spec = node.provenance.mode if node.provenance else "base"
        return Answer(badge_of(spec, self._catalog, self._glyphs), self._glyphs, node)
