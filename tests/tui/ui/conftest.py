from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import OptionList

from modes.catalog import Catalog
from tui.core.config import Config
from tui.core.history import History
from tui.core.session import Session
from tui.core.store import Store
from tui.ui.app import ChatApp
from tui.ui.screens.chat import ChatScreen
from tui.ui.widgets.status import StatusLine

SHORT = """
title = "Short"
description = "At most eight tokens, always the same."
max_tokens = 8
[sampling]
temperature = 0.0
"""

#: With the story of `test_chat.LONG` this one goes on for thousands of tokens, the same each time.
ENDLESS = """
title = "Endless"
description = "Never comes to an end."
[sampling]
temperature = 0.0
"""


class Driver:
    """A person at the keyboard, who reads what is on the screen."""

    def __init__(self, pilot: Pilot[None], session: Session) -> None:
        self.pilot, self.session = pilot, session

    @property
    def chat(self) -> ChatScreen:
        screen = self.pilot.app.screen_stack[0]
        assert isinstance(screen, ChatScreen)
        return screen

    @property
    def transcript(self) -> str:
        """All text of the transcript, row by row as it is drawn, however far it is scrolled."""
        self.chat.transcript.release_anchor()
        rows = []
        for widget in self.chat.transcript.walk_children(Widget):
            if widget.display and not widget.children and widget.size.height:
                rows += [strip.text.rstrip() for strip in widget.render_lines(widget.outer_size.region)]
        return "\n".join(rows)

    @property
    def said(self) -> str:
        """The same without regard to where lines were broken."""
        return " ".join(self.transcript.split())

    @property
    def status(self) -> str:
        return str(self.chat.query_one(StatusLine).content)

    @property
    def talk(self) -> str:
        """The id of the conversation in front."""
        talk = self.chat.dialogue.id
        assert talk is not None
        return talk

    async def send(self, text: str) -> None:
        self.chat.prompt.put(text)
        await self.press("enter")

    async def press(self, key: str) -> None:
        """As the pilot does, but without its wait for an idle processor: a model is at work here."""
        app, prompt = self.pilot.app, self.chat.prompt
        app.post_message(events.Key(key, "\r" if key == "enter" else None))
        for stop in (app, prompt, prompt, prompt.parent, self.chat, self.chat):
            if stop is not None and stop.is_running:
                passed = asyncio.Event()
                stop.call_later(passed.set)
                await asyncio.wait_for(passed.wait(), 10)
        await asyncio.sleep(0.05)  # for the screen to be laid out and drawn

    async def until(self, condition: Callable[[], Any], seconds: float = 30) -> None:
        for _ in range(int(seconds / 0.03)):
            if condition():
                await asyncio.sleep(0.05)
                return
            await asyncio.sleep(0.03)
        raise AssertionError(
            f"still not so after {seconds} s; the screen says:\n{self.transcript}\n{self.status}"
        )

    async def reads(self, text: str) -> None:
        await self.until(lambda: text in self.said)

    async def loaded(self) -> None:
        await self.until(lambda: "loading" not in self.status)

    async def answered(self) -> None:
        await self.until(lambda: self.chat.desk.live is None)

    async def ask(self, text: str) -> None:
        await self.send(text)
        await self.answered()


@pytest.fixture
def begin(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Session]]:
    """Makes sessions on one and the same store, each with the starter model of its own."""
    modes = tmp_path / "modes"
    modes.mkdir()
    (modes / "short.toml").write_text(SHORT)
    (modes / "endless.toml").write_text(ENDLESS)
    data = tmp_path_factory.getbasetemp()  # the same for all, so that the model is hashed once
    begun: list[Session] = []

    def session(**config: Any) -> Session:
        settings = Config(**{"mode": "short", "threads": 1, "ascii": False, "tune": False, **config})
        store = Store.open(tmp_path / "conversations.sqlite3")
        begun.append(Session.begin(settings, Catalog.load(modes), store, data))
        begun[-1].history = History(tmp_path / "history.jsonl")
        begun[-1].history.keep(settings.history)
        return begun[-1]

    yield session
    for one in begun:
        one.close()


@asynccontextmanager
async def driving(
    session: Session, resume: str | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Driver]:
    app = ChatApp(session, resume)
    async with app.run_test(size=size) as pilot:
        me = Driver(pilot, session)
        await me.until(
            lambda: (
                me.chat.is_mounted
                and me.status
                and me.chat.sidebar.query(OptionList)
                and me.chat.prompt.has_focus
            )
        )
        yield me
