"""Draws the pictures of docs/screens/ with the real program and the starter model.

Run it as ``.venv/bin/python scripts/screenshots.py``. What the model says is the same each time (greedy, one
thread); the speeds in the status line are those of the machine that drew.
"""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from textual.pilot import Pilot

from modes.catalog import Catalog
from tui.core.config import Config
from tui.core.session import Session
from tui.core.store import Store
from tui.ui.app import ChatApp
from tui.ui.screens.chat import ChatScreen

SCREENS = Path(__file__).parents[1] / "docs/screens"
SIZE = (100, 30)

#: The built-in modes, without chance.
_GREEDY = """
extends = "{name}"
max_tokens = 120
[sampling]
temperature = 0.0
"""

ENTER = ("enter",)

#: What is written and pressed one after the other, and the picture that is drawn then (empty: none).
Steps = tuple[tuple[str, str, tuple[str, ...]], ...]

CHAT: Steps = (
    ("", "Write a Python function that returns the square of a number.", ENTER),
    ("", "/mode legal", ENTER),
    ("chat", "How much time is the Federal Circuit appeal period?", ENTER),
)

#: From the start to the end of a session, and the next one.
FIRST: Steps = (
    ("1-start", "", ()),
    ("2-question", "Which Python module has lru_cache?", ()),
    ("3-answer", "", ENTER),
    ("4-mode", "/mode cher", ()),
    ("", "", ("tab", "enter")),
    ("5-syllabary", "What is the country Chile in Cherokee?", ENTER),
    ("6-fork", "/fork", ENTER),
    ("7-search", "/list module", ENTER),
    ("", "", ("escape",)),
    ("8-quit", "/quit", ()),
)
NEXT: Steps = (("9-resume", "", ()),)

_FONT = 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace'


def without_hosts(svg: str) -> str:
    """The picture with the reader's own fonts: Textual's names a font on somebody's server."""
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    # Some readers of SVG would drop spaces at the ends, although they are written as such.
    svg = svg.replace("<text ", '<text xml:space="preserve" ')
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"font-family:\s*Fira Code[^;]*;", f"font-family: {_FONT};", svg)


async def _settled(pilot: Pilot[None]) -> None:
    chat = pilot.app.screen_stack[0]
    assert isinstance(chat, ChatScreen)
    while chat.session.loader.engine is None or not chat.desk.resting:
        if chat.session.loader.error is not None:
            raise chat.session.loader.error
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.7)
    await pilot.pause()


async def _write(pilot: Pilot[None], text: str, *keys: str) -> None:
    chat = pilot.app.screen_stack[0]
    assert isinstance(chat, ChatScreen)
    chat.prompt.insert(text)
    await pilot.pause()
    await pilot.press(*keys)


async def _draw(app: ChatApp, steps: Steps) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await _settled(pilot)
        for name, text, keys in steps:
            await _write(pilot, text, *keys)
            await _settled(pilot)
            if name:
                (SCREENS / f"{name}.svg").write_text(without_hosts(app.export_screenshot(title="modeshare")))


def draw(*sessions: Steps) -> None:
    """Each of ``sessions`` is a new start of the program, the later ones on the last conversation."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        modes = Path(folder) / "modes"
        modes.mkdir()
        for mode in Catalog.load(None).modes:
            (modes / f"{mode}.toml").write_text(_GREEDY.format(name=mode))
        for at, steps in enumerate(sessions):
            config = Config(mode="coding", threads=1, ascii=False, tune=False)
            store = Store.open(Path(folder) / "conversations.sqlite3")
            session = Session.begin(config, Catalog.load(modes), store, Path(folder), load=False)
            latest = store.latest() if at else None
            with closing(session):
                asyncio.run(_draw(ChatApp(session, latest.id if latest else None), steps))


if __name__ == "__main__":
    draw(CHAT)
    draw(FIRST, NEXT)
    sys.stdout.write(f"{SCREENS}\n")
