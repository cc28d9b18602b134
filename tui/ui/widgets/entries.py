"""What a transcript is made of: questions, answers, and notes of the program itself.

This module must not know the store or the engine. Text of people and models is cleaned here, and shown as it
is: it never passes through markup.
"""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.core.conversation import Node
from tui.ui.glyphs import Glyphs
from tui.ui.text import beginning, clean
from tui.ui.widgets.prose import PlainProse, Prose
from tui.ui.widgets.thinking import Thinking
from tui.ui.wording import ending


class Question(Vertical):
    """A message of the operator. ``waiting`` says why it is not on record yet, empty once it is."""

    def __init__(self, text: str, glyphs: Glyphs, waiting: str = "") -> None:
        super().__init__(classes="entry")
        self._text, self._glyphs = text, glyphs
        self._waiting = waiting

    def compose(self) -> ComposeResult:
        yield Static(f"{self._glyphs.you} you", markup=False, classes="role")
        shown = beginning(clean(self._text), self._glyphs.ellipsis)
        yield Static(shown, markup=False, classes="body said")
        yield _state(self._waiting)

    def recorded(self) -> None:
        """The question is on disk and the model has it."""
        _set_state(self, "")


class Answer(Vertical):
    """A message of the model, whole or growing."""

    def __init__(self, badge: Content, glyphs: Glyphs, node: Node | None = None) -> None:
        super().__init__(classes="entry")
        self._badge = badge
        self._ending = ending(node) if node else ""
        prose = PlainProse if glyphs.plain else Prose
        self._prose = prose(clean(node.content) if node else "")
        self._thinking = Thinking(clean(node.thinking) if node else "", glyphs)
        self._warnings: list[str] = []

    def compose(self) -> ComposeResult:
        yield Static(self._badge, classes="role")
        yield self._thinking
        yield self._prose
        yield _state(self._ending)

    async def write(self, text: str, thinking: str) -> None:
        """Add what came since the last call; to be called at most about 15 times a second."""
        if thinking:
            self._thinking.write(clean(thinking))
        if text:
            await self._prose.write(clean(text))

    def warn(self, text: str) -> None:
        """Say something about this answer that stays."""
        self._warnings.append(clean(text))
        self._show_state()

    async def end(self, how: str) -> None:
        """Nothing more comes; ``how`` it ended is empty when it is whole."""
        await self._prose.end()
        self._ending = how
        self._show_state()

    def fold(self, unfolded: bool) -> None:
        """Show or fold the thinking."""
        self._thinking.fold(unfolded)

    def _show_state(self) -> None:
        _set_state(self, "\n".join(filter(None, [self._ending, *self._warnings])))


Kind = Literal["note", "error"]


class Note(Static):
    """A word of the program: what it did, or what went wrong and what to do."""

    def __init__(self, text: str | Content, glyphs: Glyphs, kind: Kind = "note") -> None:
        label = "error: " if kind == "error" else ""
        plain = clean(text) if isinstance(text, str) else text
        super().__init__(Content.assemble(label, plain), markup=False, classes=f"entry {kind}")


def _state(text: str) -> Static:
    state = Static(text, markup=False, classes="state")
    state.display = bool(text)
    return state


def _set_state(entry: Question | Answer, text: str) -> None:
    state = entry.query_one(".state", Static)
    state.update(text)
    state.display = bool(text)
