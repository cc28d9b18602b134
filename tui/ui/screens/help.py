"""All commands and keys, made from the registry and the bindings.

This module must not know what any of them does.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.core.commands import COMMANDS
from tui.ui.keys import key_name
from tui.ui.screens.sheet import Sheet

#: Key actions by the title of their group.
Groups = Mapping[str, Sequence[Binding]]


def help_text(keys: Groups, width: int) -> Content:
    """Commands, then keys by group, in two columns that together take ``width`` cells."""
    commands = [(command.usage, command.help) for command in COMMANDS]
    commands.append(("//text", "send a text that begins with /"))
    tables = {"Commands": commands}
    for title, bindings in keys.items():
        tables[f"Keys: {title}"] = [(key_name(each.key), each.description) for each in bindings]
    left = min(max(len(name) for rows in tables.values() for name, _ in rows) + 2, max(width * 2 // 5, 12))
    parts = []
    for title, rows in tables.items():
        lines = [line for row in rows for line in _row(*row, left, width)]
        parts.append(Content("\n").join([Content.styled(title, "bold"), *map(Content, lines)]))
    return Content("\n\n").join(parts)


def _row(name: str, text: str, left: int, width: int) -> list[str]:
    names = textwrap.wrap(name, left - 1) or [""]
    texts = textwrap.wrap(text, max(width - left, 10)) or [""]
    return [f"{one:<{left}}{other}".rstrip() for one, other in zip_longest(names, texts, fillvalue="")]


class Help(Sheet[None]):
    """Scrolls; Escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", "back")]

    def __init__(self, keys: Groups) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="sheet"):
            yield Static(markup=False)

    def on_resize(self) -> None:
        room = self.query_one(VerticalScroll).scrollable_content_region.width
        self.query_one(Static).update(help_text(self._keys, room))
