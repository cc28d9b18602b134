"""Every command, mode and key action in one list, found by a few of its letters.

This module must not know what any of them does: entries come in, the one chosen goes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import FuzzySearch
from textual.widgets import Input, OptionList, Static

from modes.catalog import Catalog
from tui.core.commands import COMMANDS
from tui.ui.glyphs import Glyphs
from tui.ui.keys import key_name
from tui.ui.screens.sheet import Sheet
from tui.ui.widgets.search import Search


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``line`` is what to send or, with a space at its end, to go on writing;
    else ``action`` is run.
    """

    label: str
    help: str
    line: str = ""
    action: str = ""


def entries(catalog: Catalog, keys: Iterable[Binding]) -> list[Entry]:
    """Commands, then modes, then what only keys do."""
    commands = [
        Entry(command.usage, command.help, f"/{command.name}" + " " * command.needs_argument)
        for command in COMMANDS
    ]
    modes = [
        Entry(f"/mode {name}", mode.description, f"/mode {name}") for name, mode in catalog.modes.items()
    ]
    actions = [Entry(key_name(key.key), key.description, action=key.action) for key in keys]
    return [*commands, *modes, *actions]


def found(words: str, among: Iterable[Entry]) -> list[Entry]:
    """Those that have the letters of ``words`` in order, the nearest first; without words all of them."""
    if not words.strip():
        return list(among)
    search = FuzzySearch()
    scored = [
        (max(search.match(words, one.label)[0] * 1.5, search.match(words, one.help)[0]), one) for one in among
    ]
    scored.sort(key=lambda pair: -pair[0])
    return [one for score, one in scored if score > 0]


class Palette(Sheet[Entry | None]):
    """Enter chooses, Escape leaves; the keyboard stays in the search field throughout."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "back"),
        Binding("up", "move('cursor_up')", "up", show=False),
        Binding("down", "move('cursor_down')", "down", show=False),
        Binding("pageup", "move('page_up')", "page up", show=False),
        Binding("pagedown", "move('page_down')", "page down", show=False),
    ]

    def __init__(self, entries: list[Entry], glyphs: Glyphs) -> None:
        super().__init__()
        self._entries, self._glyphs = entries, glyphs
        self._found = entries

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Search("", "Commands, modes and keys")
            yield OptionList(markup=False, compact=True)
            yield Static("Enter chooses, Escape leaves", markup=False, classes="foot")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False

    def on_resize(self) -> None:
        self._list()

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        self._found = found(event.value, self._entries)
        foot = "Enter chooses, Escape leaves" if self._found else "nothing found, Escape leaves"
        self.query_one(".foot", Static).update(foot)
        self._list()

    @on(Input.Submitted)
    def _choose_highlighted(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.dismiss(self._found[at])

    @on(OptionList.OptionSelected)
    def _choose_clicked(self, event: OptionList.OptionSelected) -> None:
        if event.option in event.option_list.options:  # else other ones were found since the click
            self.dismiss(self._found[event.option_index])

    def action_move(self, how: str) -> None:
        getattr(self.query_one(OptionList), f"action_{how}")()

    def _list(self) -> None:
        options = self.query_one(OptionList)
        width = max(options.size.width - 3, 16)  # room for a scrollbar, which may come with the rows
        left = min(max(len(one.label) for one in self._entries) + 2, width // 3)
        options.clear_options()
        options.add_options([self._row(one, left, width) for one in self._found])
        options.highlighted = 0 if self._found else None

    def _row(self, one: Entry, left: int, width: int) -> Content:
        ellipsis = not self._glyphs.plain
        label = Content(one.label).truncate(left - 2, ellipsis=ellipsis, pad=True)
        help = Content.styled(one.help, "dim")
        return Content.assemble(label, "  ", help).truncate(width, ellipsis=ellipsis)
