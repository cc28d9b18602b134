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

CHAT = (
    "Write a Python function that reverses a string. Show only the code and one sentence.",
    "/mode legal",
    "In one sentence: why does a law need to be written down?",
)

_FONT = 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace'


def without_hosts(svg: str) -> str:
    """The picture with the reader's own fonts: Textual's names a font on somebody's server."""
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    # Some readers of SVG would drop spaces at the ends, although they are written as such.
    svg = svg.replace("<text ", '<text xml:space="preserve" ')
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"font-family:\s*Fira Code[^;]*;", f"font-family: {_FONT};", svg)


async def _settled(pilot: Pilot[None], chat: ChatScreen) -> None:
    while chat.session.loader.engine is None or chat.presenter.running is not None:
        if chat.session.loader.error is not None:
            raise chat.session.loader.error
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    await pilot.pause()


async def _converse(session: Session, lines: tuple[str, ...]) -> str:
    app = ChatApp(session)
    async with app.run_test(size=SIZE) as pilot:
        chat = app.screen
        assert isinstance(chat, ChatScreen)
        await _settled(pilot, chat)
        for line in lines:
            chat.prompt.put(line)
            await pilot.press("enter")
            await _settled(pilot, chat)
        return app.export_screenshot(title="modeshare")


def draw(name: str, lines: tuple[str, ...]) -> Path:
    """A conversation of its own, as it looks after the last of ``lines``."""
    with TemporaryDirectory() as folder:
        modes = Path(folder) / "modes"
        modes.mkdir()
        for mode in Catalog.load(None).modes:
            (modes / f"{mode}.toml").write_text(_GREEDY.format(name=mode))
        config = Config(mode="coding", threads=1, ascii=False)
        session = Session.begin(config, Catalog.load(modes), Store.open(None), Path(folder))
        with closing(session):
            svg = asyncio.run(_converse(session, lines))
    SCREENS.mkdir(parents=True, exist_ok=True)
    file = SCREENS / f"{name}.svg"
    file.write_text(without_hosts(svg))
    return file


if __name__ == "__main__":
    sys.stdout.write(f"{draw('chat', CHAT)}\n")
