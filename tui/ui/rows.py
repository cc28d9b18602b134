"""A conversation as a row of a list: title, mode, age, and what is happening in it.

This module must not know widgets or where the conversations come from.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.content import Content

from tui.core.conversation import SHORT_ID
from tui.ui.badge import badge_of
from tui.ui.text import one_line

if TYPE_CHECKING:
    from modes.catalog import Catalog
    from tui.core.conversation import Hit
    from tui.ui.glyphs import Glyphs

_AGES = ((86400 * 365, "y"), (86400 * 30, "mo"), (86400, "d"), (3600, "h"), (60, "min"))

#: Cells from which a conversation takes one row, and below that two.
ONE_ROW = 60


def age(seconds: float) -> str:
    """``3 h``; less than a minute is ``now``."""
    for size, unit in _AGES:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "now"


class Rows:
    """Makes rows; ``sign`` says of a conversation's id what is happening in it."""

    def __init__(self, catalog: Catalog, glyphs: Glyphs, sign: Callable[[str], str]) -> None:
        self._catalog, self._glyphs, self._sign = catalog, glyphs, sign

    def row(self, hit: Hit, width: int, here: bool = False) -> Content:
        """Of ``width`` cells; ``here``: it is the one in front."""
        one = hit.conversation
        mark = f"{self._glyphs.prompt} " if here else "  "
        title = Content(mark + (one_line(one.title) or one.id[:SHORT_ID]))
        mode = badge_of(one.mode, self._catalog, self._glyphs)
        old = Content.styled(age(time.time() - one.updated_at), "dim")
        sign = self._sign(one.id)
        told = Content.styled(sign and f"{self._glyphs.separator}{sign}", "bold")
        if width >= ONE_ROW:
            right = Content.assemble(mode, told, " " * max(1, 8 - old.cell_length), old)
            room = max(width - right.cell_length - 2, 8)
            lines = [Content.assemble(self._fit(title, room, pad=True), "  ", right)]
        else:
            below = Content.assemble("  ", mode, self._glyphs.separator, old, told)
            lines = [self._fit(title, width), self._fit(below, width)]
        if hit.excerpt and one_line(hit.excerpt) != one_line(one.title):
            lines.append(self._fit(Content.styled(f"  {one_line(hit.excerpt)}", "dim"), width))
        return Content("\n").join(lines)

    def _fit(self, line: Content, width: int, pad: bool = False) -> Content:
        return line.truncate(width, ellipsis=not self._glyphs.plain, pad=pad)
