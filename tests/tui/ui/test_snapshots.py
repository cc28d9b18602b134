"""Pictures of the screen, compared with those that were looked at.

After a change that is meant: ``pytest tests/tui/ui/test_snapshots.py --snapshot-update``, and look at them.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from engine.contract import LoadCancelled, Progress
from memory.recalled import Shown
from memory.sqlite.store import MemoryStore
from modes.catalog import Catalog
from scripts.screenshots import without_hosts
from tests.tui.core.remembered import HARBOUR, TIDE, by_keyword
from tests.tui.ui.test_chat import LONG
from tui.core.config import Config
from tui.core.conversation import Provenance, Recollection
from tui.core.memories import Memories
from tui.core.models import EngineLoader
from tui.core.session import Session
from tui.core.store import Store
from tui.ui import memory_words
from tui.ui.app import ChatApp

SMALL, LARGE = (80, 24), (120, 40)


def _named(value: object) -> str:
    return f"{value[0]}x{value[1]}" if isinstance(value, tuple) else str(value)


ANSWER = """A stack keeps what came **last** on top.

```python
def push(stack: list[int], item: int) -> None:
    stack.append(item)
```

1. `append` puts an item on it,
2. `pop` takes one off:
   - the newest,
   - or an error.

| call | costs |
|------|-------|
| push | O(1)  |
| pop  | O(1)  |
"""


@pytest.fixture
def pictured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ChatApp]]:
    """Makes the program on a store with two conversations, and on a model that is never loaded."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for widget in (Input, TextArea):
        monkeypatch.setattr(widget, "cursor_blink", False)
    # Textual's pictures name a font on somebody's server.
    draw = ChatApp.export_screenshot
    monkeypatch.setattr(ChatApp, "export_screenshot", lambda self, **how: without_hosts(draw(self, **how)))
    ended = threading.Event()

    def never(_progress: Progress) -> Any:
        ended.wait(60)
        raise LoadCancelled

    store = Store.open(tmp_path / "conversations.sqlite3")

    def make(talk: bool = False, reminded: bool = False, **settings: Any) -> ChatApp:
        config = Config(**{"model": Path("/models/fixed-1B.gguf"), "ascii": False, **settings})
        session = Session.begin(config, Catalog.load(None), store, tmp_path, load=False)
        session.loader = EngineLoader(never)
        if reminded:
            session._memories = _frozen(tmp_path / "memories.sqlite3")
            return ChatApp(session, _reminded(store))
        talks = _conversations(store)
        return ChatApp(session, talks if talk else None)

    yield make
    ended.set()
    store.close()


def _frozen(file: Path) -> Memories:
    """A store with one of the memories that were shown, made three hours ago."""
    now = time.time() - 3 * 3600
    with closing(MemoryStore.open(file, clock=lambda: now)) as store:
        store.add(TIDE, temperature=90.0, domain="port", tags=("tide", "harbour"), provenance="almanac.md")
    memories = by_keyword(file)
    memories.warm()
    return memories


def _reminded(store: Store) -> str:
    """A conversation whose answer was written with three memories."""
    talk = store.create("coding")
    question = store.add_question(talk.id, None, "When is the harbour of Ettersby full?")
    answer = store.begin_answer(talk.id, question.id, Provenance("fixed-1B", None, "coding", "1")).id
    shown = (
        Shown("L1", TIDE, "white hot", 92.4, 0.81, "port", 17),
        Shown("84213", HARBOUR, "warm", 55.0, 0.44, None, 22),
        Shown("L17", "ᎤᏬᏗᎨ: brown.\nA second line.", "archive", 5.0, 0.4, None, 12),
    )
    store.remember(answer, Recollection("block", shown, 131))
    store.finish_answer(answer, text="At noon.", thinking="Noon.", status="done", usage=None)
    return talk.id


def _conversations(store: Store) -> str:
    """The id of the one that has everything in it; there is another, about law."""
    law = store.create("legal")
    store.add_question(law.id, None, "What is 38 CFR 3.310?")
    talk = store.create("coding")
    first = store.add_question(talk.id, None, "What is a stack?\nShow me one in Python.")
    provenance = Provenance("fixed-1B", None, "coding", "1")
    answer = store.begin_answer(talk.id, first.id, provenance).id
    thinking = "A list will do.\nAppend and pop are enough."
    store.finish_answer(answer, text=ANSWER, thinking=thinking, status="done", usage=None)
    second = store.add_question(talk.id, answer, LONG)
    failed = store.begin_answer(talk.id, second.id, Provenance("fixed-1B", None, "legal*0.7+coding*0.3", "1"))
    error = "the model ran out of memory: set a smaller context (--context)"
    store.finish_answer(failed.id, text="Once", thinking="", status="failed", usage=None, error=error)
    return talk.id


async def _still(pilot: Pilot[None]) -> None:
    """Wait until nothing more moves."""
    before = ""
    for _ in range(50):
        await pilot.pause()
        await asyncio.sleep(0.15)
        now = pilot.app.export_screenshot()
        if _plain(now) == before:
            return
        before = _plain(now)
    raise AssertionError("the screen does not come to rest")


def _plain(svg: str) -> str:
    return svg.partition("<g ")[2]


def after(*keys: str, text: str = "") -> Callable[[Pilot[None]], Awaitable[None]]:
    async def prepare(pilot: Pilot[None]) -> None:
        await _still(pilot)
        with suppress(AttributeError):
            pilot.app.screen.prompt.insert(text)  # type: ignore[attr-defined]
        await pilot.press(*keys)
        await _still(pilot)

    return prepare


LOOKS: dict[str, dict[str, Any]] = {
    "dark": {"theme": "dark"},
    "light": {"theme": "light"},
    "monochrome": {"theme": "monochrome"},
    "ascii": {"theme": "monochrome", "ascii": True},
}


@pytest.mark.parametrize("look", ["dark", "light", "monochrome", "ascii"])
def test_the_start(pictured: Callable[..., ChatApp], snap_compare: Any, look: str) -> None:
    assert snap_compare(pictured(**LOOKS[look]), terminal_size=SMALL, run_before=after())


@pytest.mark.parametrize(
    ("look", "size"),
    [("dark", SMALL), ("dark", LARGE), ("light", LARGE), ("monochrome", LARGE), ("ascii", SMALL)],
    ids=_named,
)
def test_a_conversation(
    pictured: Callable[..., ChatApp], snap_compare: Any, look: str, size: tuple[int, int]
) -> None:
    app = pictured(talk=True, **LOOKS[look])
    assert snap_compare(app, terminal_size=size, run_before=after("ctrl+t"))


@pytest.mark.parametrize("look", ["dark", "ascii"])
def test_completion(pictured: Callable[..., ChatApp], snap_compare: Any, look: str) -> None:
    before = after("down", text="/mode legal*0.7+")
    assert snap_compare(pictured(**LOOKS[look]), terminal_size=SMALL, run_before=before)


@pytest.mark.parametrize("look", ["dark", "ascii"])
def test_the_memories_under_an_answer(pictured: Callable[..., ChatApp], snap_compare: Any, look: str) -> None:
    app = pictured(reminded=True, **LOOKS[look])
    assert snap_compare(app, terminal_size=SMALL, run_before=after("ctrl+t"))


@pytest.mark.parametrize("look", ["dark", "ascii"])
def test_an_opened_memory(
    pictured: Callable[..., ChatApp], snap_compare: Any, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_words, "_when", lambda *_: "2026-11-24 12:00 (3 h)")
    app = pictured(reminded=True, **LOOKS[look])
    assert snap_compare(app, terminal_size=SMALL, run_before=after("f5", "p"))


@pytest.mark.parametrize(("look", "size"), [("dark", SMALL), ("monochrome", LARGE)], ids=_named)
def test_the_palette(
    pictured: Callable[..., ChatApp], snap_compare: Any, look: str, size: tuple[int, int]
) -> None:
    before = after("ctrl+p", "m", "o", "d", "down")
    assert snap_compare(pictured(**LOOKS[look]), terminal_size=size, run_before=before)


@pytest.mark.parametrize("look", ["dark", "light"])
def test_the_help(pictured: Callable[..., ChatApp], snap_compare: Any, look: str) -> None:
    assert snap_compare(pictured(**LOOKS[look]), terminal_size=SMALL, run_before=after("f1"))


@pytest.mark.parametrize("look", ["dark", "ascii"])
def test_the_list_of_conversations(pictured: Callable[..., ChatApp], snap_compare: Any, look: str) -> None:
    before = after("enter", text="/list ")
    assert snap_compare(pictured(**LOOKS[look]), terminal_size=SMALL, run_before=before)


@pytest.mark.parametrize(
    ("look", "size"), [("dark", SMALL), ("ascii", SMALL), ("dark", (200, 50))], ids=_named
)
def test_the_evaluation(
    pictured: Callable[..., ChatApp],
    snap_compare: Any,
    tmp_path: Path,
    look: str,
    size: tuple[int, int],
) -> None:
    kept = tmp_path / "evaluations" / "20261124T120000Z-quick-abcd"
    kept.mkdir(parents=True)
    for name in ("run", "report"):
        (kept / f"{name}.json").write_text((Path(__file__).parent / f"evaluation_{name}.json").read_text())
    before = after("enter", "5", "enter", text="/eval")
    assert snap_compare(pictured(**LOOKS[look]), terminal_size=size, run_before=before)
