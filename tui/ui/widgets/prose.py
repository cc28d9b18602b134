"""An answer's text as Markdown, which grows while it is written.

This module must not know nodes or turns: text comes in, cleaned.
"""

from __future__ import annotations

from markdown_it import MarkdownIt
from textual import on
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownStream


def _parser() -> MarkdownIt:
    # With HTML on, what a model writes in angle brackets would vanish from the screen.
    return MarkdownIt("gfm-like", {"html": False})


class Prose(Markdown):
    """Markdown whose links are copied, never opened."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text, parser_factory=_parser, open_links=False)
        self._stream: MarkdownStream | None = None

    async def write(self, text: str) -> None:
        """Add ``text``; to be called at most about 15 times a second."""
        if self._stream is None:
            self._stream = Markdown.get_stream(self)
        await self._stream.write(text)

    async def end(self) -> None:
        """Wait until all that was written is shown."""
        if self._stream is not None:
            await self._stream.stop()
            self._stream = None

    @on(Markdown.LinkClicked)
    def _copy_link(self, event: Markdown.LinkClicked) -> None:
        event.stop()
        self.app.copy_to_clipboard(event.href)
        self.app.notify(f"copied: {event.href}", markup=False)


class PlainProse(Prose):
    """The same where only ASCII can be shown."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.BULLETS = ["* ", "- ", "+ "]
