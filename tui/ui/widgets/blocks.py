"""The lists of an answer with one widget for each plain item, where Textual takes four.

Drawing a screen full of a list takes as long as there are widgets on it. This module must not know where the
text comes from.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

# Not public, but Textual is pinned exactly.
from textual.widgets._markdown import (
    MarkdownBlock,
    MarkdownBulletList,
    MarkdownListItem,
    MarkdownOrderedList,
    MarkdownParagraph,
)


class Paragraph(MarkdownParagraph):
    """Text; as an item of a list it hangs behind its bullet."""

    bullet = ""

    def hang(self, bullet: str) -> None:
        """Be an item behind ``bullet``."""
        self.bullet = bullet
        self.styles.padding = (0, 0, 0, Content(bullet).cell_length)

    def render_lines(self, crop: Region) -> list[Strip]:
        lines = super().render_lines(crop)
        if self.bullet and lines and crop.x == crop.y == 0:
            # The bullet stands in the padding.
            bullet = Strip([Segment(self.bullet, self.visual_style.rich_style)])
            for line_filter in self.get_line_filters():  # without colours, the bullet has none either
                bullet = bullet.apply_filter(line_filter, self.background_colors[1])
            behind = lines[0].crop(Content(self.bullet).cell_length)
            lines[0] = Strip([*bullet, *behind], lines[0].cell_length)
        return lines


class BulletList(MarkdownBulletList):
    """Items behind bullets."""

    def compose(self) -> ComposeResult:
        items = [block for block in self._blocks if isinstance(block, MarkdownListItem)]
        yield from (_row(item.bullet, item._blocks) for item in items)
        self._blocks.clear()


class OrderedList(MarkdownOrderedList):
    """Items behind numbers that count on from the first one's."""

    def compose(self) -> ComposeResult:
        items = [block for block in self._blocks if isinstance(block, MarkdownListItem)]
        first = int(items[0].bullet) if items and items[0].bullet.isdecimal() else 1
        width = len(f"{first + len(items) - 1}. ") + 1
        for number, item in enumerate(items, first):
            yield _row(f"{number}. ".rjust(width), item._blocks)
        self._blocks.clear()


def _row(bullet: str, blocks: list[MarkdownBlock]) -> Widget:
    if len(blocks) == 1 and isinstance(blocks[0], Paragraph):
        blocks[0].hang(bullet)
        return blocks[0]
    return Horizontal(Static(bullet, markup=False, classes="bullet"), Vertical(*blocks))
