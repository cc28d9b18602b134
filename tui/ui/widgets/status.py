"""The one row at the bottom: what matters least leaves it first when it is narrow.

This module must not know sessions or turns: ready-made fields come in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from tui.ui.glyphs import Glyphs


class Field(NamedTuple):
    """A piece of the status line; those of the smallest ``importance`` are left out first.

    ``short`` is shown instead of ``text`` before anything is left out.
    """

    text: Content
    importance: int
    short: Content | None = None


def fit(fields: Sequence[Field], state: str, width: int, glyphs: Glyphs) -> Content:
    """The fields that fit at the left and ``state`` at the right, exactly ``width`` cells."""
    right = Content.styled(state, "bold")
    kept = list(fields)
    separator = Content.styled(glyphs.separator, "dim")
    while True:
        left = separator.join([field.text for field in kept])
        gap = width - left.cell_length - right.cell_length
        if gap >= (2 if kept else 0):
            return Content.assemble(left, " " * gap, right)
        if any(field.short for field in kept):
            kept = [Field(field.short or field.text, field.importance) for field in kept]
            continue
        if not kept:
            return right.truncate(width, ellipsis=not glyphs.plain)
        kept.remove(min(kept, key=lambda field: field.importance))


class StatusLine(Static):
    """Shows what it was last given, fitted again when its width changes."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(markup=False)
        self._glyphs = glyphs
        self._shown: tuple[tuple[Field, ...], str] = ((), "")

    def show(self, fields: Sequence[Field], state: str) -> None:
        """Show these from now on."""
        if (tuple(fields), state) != self._shown:
            self._shown = (tuple(fields), state)
            self._fit()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        self.update(fit(*self._shown, self.content_size.width, self._glyphs))
