"""All commands and keys, made from the registry and the bindings.

This module must not know what any of them does.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.core.commands import COMMANDS

_NAMES = {"ctrl": "Ctrl", "shift": "Shift", "alt": "Alt", "pageup": "PageUp", "pagedown": "PageDown"}


def key_name(keys: str) -> str:
    """``ctrl+j,shift+enter`` as it is printed on keys: ``Ctrl+J, Shift+Enter``."""
    return ", ".join(
        "+".join(_NAMES.get(part, part.capitalize()) for part in key.split("+")) for key in keys.split(",")
    )


def help_text(keys: Iterable[Binding], width: int) -> Content:
    """Commands, then keys, in two columns that together take ``width`` cells."""
    commands = [(command.usage, command.help) for command in COMMANDS]
    commands.append(("//text", "send a text that begins with /"))
    pressed = [(key_name(binding.key), binding.description) for binding in keys]
    left = max(len(name) for name, _ in [*commands, *pressed]) + 2
    parts = []
    for title, rows in (("Commands", commands), ("Keys", pressed)):
        lines = [line for row in rows for line in _row(*row, left, width)]
        parts.append(Content("\n").join([Content.styled(title, "bold"), *map(Content, lines)]))
    return Content("\n\n").join(parts)


def _row(name: str, text: str, left: int, width: int) -> list[str]:
    first, *rest = textwrap.wrap(text, max(width - left, 10)) or [""]
    return [f"{name:<{left}}{first}", *(" " * left + line for line in rest)]


class Help(ModalScreen[None]):
    """Scrolls; Escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", "back")]

    def __init__(self, keys: Iterable[Binding]) -> None:
        super().__init__()
        self._keys = tuple(keys)

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="sheet"):
            yield Static(markup=False)

    def on_resize(self) -> None:
        room = self.query_one(VerticalScroll).scrollable_content_region.width
        self.query_one(Static).update(help_text(self._keys, room))
