"""What a conversation is made of in the transcript: questions and answers.

This module must not know the store or the engine. Text of people and models is cleaned here, and shown as it
is: it never passes through markup.
"""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.core.conversation import Node, Recollection
from tui.core.versions import Version
from tui.ui.glyphs import Glyphs
from tui.ui.messages import VersionWanted
from tui.ui.text import beginning, clean
from tui.ui.widgets.reminders import Reminders
from tui.ui.widgets.thinking import Thinking
from tui.ui.wording import ending


class Role(Static):
    """Who speaks, and which of several versions this is; a click on that goes to the next one."""

    def __init__(self, who: str | Content, version: Version | None, glyphs: Glyphs) -> None:
        label = f"  {glyphs.back} {version.label} {glyphs.on}" if version else ""
        who = Content(who) if isinstance(who, str) else who
        super().__init__(Content.assemble(who, Content.styled(label, "dim")), markup=False, classes="role")
        self._version, self._middle = version, who.cell_length + len(label) // 2

    @on(events.Click)
    def _other(self, event: events.Click) -> None:
        if self._version is None:
            return
        wanted = self._version.beside(1 if event.x > self._middle else -1)
        if wanted is not None:
            self.post_message(VersionWanted(wanted))


class Question(Vertical):
    """A message of the operator. ``waiting`` says why it is not on record yet, empty once it is."""

    def __init__(self, text: str, glyphs: Glyphs, waiting: str = "", version: Version | None = None) -> None:
        super().__init__(classes="entry")
        self._text, self._glyphs, self._version = text, glyphs, version
        self._waiting = waiting

    def compose(self) -> ComposeResult:
        yield Role(f"{self._glyphs.you} you", self._version, self._glyphs)
        shown = beginning(clean(self._text), self._glyphs.ellipsis)
        yield Static(shown, markup=False, classes="body said")
        if self._waiting:
            yield Static(self._waiting, markup=False, classes="state")

    def recorded(self) -> None:
        """The question is on disk and the model has it."""
        self._waiting = ""
        self.query(".state").remove()


class Answer(Vertical):
    """A message of the model, whole, or growing on from what ``node`` has."""

    def __init__(
        self,
        badge: Content,
        glyphs: Glyphs,
        node: Node | None = None,
        version: Version | None = None,
        growing: bool = True,
        unfolded: bool = False,
    ) -> None:
        super().__init__(classes="entry")
        self._role = Role(badge, version, glyphs)
        self._ending = ending(node) if node and not growing else ""
        from tui.ui.widgets.prose import Prose  # Markdown takes long to import, and at first there is none

        self._prose = Prose(clean(node.content) if node else "", glyphs.plain, growing)
        thoughts = clean(node.thinking) if node else ""
        # Most answers have none, and a long transcript is many widgets anyway.
        self._thinking = Thinking(thoughts, glyphs, unfolded) if thoughts or growing else None
        self._glyphs, self._unfolded = glyphs, unfolded
        shown = node.memories if node else None
        self._reminded = Reminders(shown, glyphs, unfolded) if shown else None
        self._warnings: list[str] = []

    def compose(self) -> ComposeResult:
        yield self._role
        if self._thinking:
            yield self._thinking
        yield self._prose
        if self._reminded:
            yield self._reminded
        if self._ending:
            yield self._state()

    async def write(self, text: str, thinking: str) -> None:
        """Add what came since the last call; to be called at most about 15 times a second."""
        if thinking and self._thinking:
            self._thinking.write(clean(thinking))
        if text:
            await self._prose.write(clean(text))

    def count_thinking(self, tokens: int, budget: int | None) -> None:
        """Say how much of the thinking's ``budget`` (None: it has none) is used."""
        if self._thinking:
            self._thinking.count(tokens, budget)

    def remind(self, memories: Recollection) -> None:
        """Say what the answer is written with of memories."""
        if self._reminded is None:
            self._reminded = Reminders(memories, self._glyphs, self._unfolded)
            self.mount(self._reminded, after=self._prose)

    def tell(self, text: str) -> None:
        """Say something about this answer quietly."""
        self.mount(Static(f"{self._glyphs.note} {text}", markup=False, classes="aside"), after=self._prose)

    def warn(self, text: str) -> None:
        """Say something about this answer that stays."""
        self._warnings.append(clean(text))
        self._show_state()

    def end(self, how: str) -> None:
        """Nothing more comes; ``how`` it ended is empty when it is whole."""
        self._ending = how
        self._show_state()

    def fold(self, unfolded: bool) -> None:
        """Show or fold the thinking and the memories."""
        self._unfolded = unfolded
        for part in (self._thinking, self._reminded):
            if part:
                part.fold(unfolded)

    def _show_state(self) -> None:
        for state in self.query(".state").results(Static):
            state.update(self._told)
            return
        if self._told:
            self.mount(self._state())

    @property
    def _told(self) -> str:
        return "\n".join(filter(None, [self._ending, *self._warnings]))

    def _state(self) -> Static:
        return Static(self._told, markup=False, classes="state")
