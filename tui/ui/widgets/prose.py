"""An answer's text as Markdown, which grows while it is written.

This module must not know nodes or turns: text comes in, cleaned.
"""

from __future__ import annotations

from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Markdown

from tui.ui.pieces import cut
from tui.ui.text import clean
from tui.ui.widgets.blocks import BulletList, OrderedList, Paragraph


def _parser() -> MarkdownIt:
    # With HTML on, what a model writes in angle brackets would vanish from the screen.
    parser = MarkdownIt("gfm-like", {"html": False})
    # An address and &#x202e; are decoded by now: only here can be seen what in them steers a terminal.
    parser.core.ruler.push("clean", _clean_all)
    return parser


def _clean_all(state: StateCore) -> None:
    for token in state.tokens:
        _clean(token.children or ())


def _clean(tokens: Iterable[Token]) -> None:
    for token in tokens:
        token.content = clean(token.content)
        _clean(token.children or ())


class Piece(Markdown):
    """A part of an answer that is whole, or the last one, which grows."""

    BLOCKS = {  # noqa: RUF012 - as Textual declares it
        **Markdown.BLOCKS,
        "paragraph_open": Paragraph,
        "bullet_list_open": BulletList,
        "ordered_list_open": OrderedList,
    }

    def __init__(self, text: str, plain: bool) -> None:
        super().__init__(text, parser_factory=_parser, open_links=False)
        if plain:
            self.BULLETS = ["* ", "- ", "+ "]


class Prose(Vertical):
    """Markdown whose links are copied, never opened. ``plain``: only ASCII can be shown.

    ``text`` is whole, or the beginning of what `write` goes on with when it is ``growing``.
    """

    def __init__(self, text: str = "", plain: bool = False, growing: bool = False) -> None:
        super().__init__()
        self._plain = plain
        self._begun = text if growing else ""
        self._open = ""
        # Appending to a Markdown that was not empty at first would lose an open block of code.
        self._last = Piece("" if growing else text, plain)

    def compose(self) -> ComposeResult:
        yield self._last

    async def on_mount(self) -> None:
        if self._begun:
            await self.write(self._begun)

    async def write(self, text: str) -> None:
        """Add ``text``; to be called at most about 15 times a second."""
        shown, self._open = self._open, self._open + text
        parted = cut(self._open) if "\n" in text else None
        if parted is None:
            await self._last.append(text)
            return
        if parted.before.startswith(shown):
            await self._last.append(parted.before[len(shown) :])
        else:
            await self._last.update(parted.before)
        self._last.set_class(parted.joined, "-joined")
        self._open = parted.after
        self._last = Piece("", self._plain)
        await self.mount(self._last)
        await self._last.append(parted.after)

    @on(Markdown.LinkClicked)
    def _copy_link(self, event: Markdown.LinkClicked) -> None:
        event.stop()
        self.app.copy_to_clipboard(event.href)
        self.app.notify(f"copied: {event.href}", markup=False)
