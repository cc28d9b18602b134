"""The screen under load: 200 tokens a second into a conversation of 2,000 messages, and opening that one.

The model is a stand-in that writes text at a steady pace, so that the screen alone is measured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from textual import events
from textual.widgets import Static

from benchmarks.report import say
from engine.contract import Chunk, Message, ModelInfo, Prefill, Progress, Request, Usage
from modes.catalog import Catalog
from tui.core.config import Config
from tui.core.conversation import Provenance
from tui.core.models import EngineLoader
from tui.core.session import Session
from tui.core.store import Store
from tui.ui.app import ChatApp

MESSAGES = 2000
RATE = 200
SECONDS = 10
TEXTS: dict[str, Callable[[int], str]] = {
    "prose": lambda at: "A river runs on and on. " if at % 7 else "It turns.\n\n",
    "a growing list": lambda at: (
        "- a point of the list that " if at % 8 == 0 else ("goes on\n" if at % 8 == 7 else "and ")
    ),
    "a growing code fence": lambda at: (
        "```python\n" if at == 0 else ("x = f(y)\n" if at % 6 == 5 else "z += 1; ")
    ),
}


class Pacer:
    """Stands for an engine: writes ``RATE`` pieces a second of the kind that is asked for."""

    def __init__(self) -> None:
        self.info = ModelInfo("pacer", "none", Path("pacer"), 0, 0, 32768, 32768, "CPU", False)

    def fingerprint(self, wait: bool = True) -> str | None:
        return "0" * 64

    def generate(self, request: Request) -> Iterator[Chunk]:
        text = TEXTS[request.messages[-1].content]
        yield Chunk(prefill=Prefill(1, 1))
        began = time.perf_counter()
        for at in range(RATE * SECONDS):
            time.sleep(max(0.0, began + at / RATE - time.perf_counter()))
            yield Chunk(text=text(at), tokens=(at,))
        yield Chunk(done="stop", usage=Usage(1, 0, 0.1, 0.1, RATE * SECONDS, SECONDS, 0))

    def count_tokens(self, messages: Sequence[Message], thinking: bool | None = None) -> int:
        return sum(len(message.content) // 4 for message in messages)

    def cancel(self, request_id: str) -> None:
        """Nothing runs that would not end by itself."""

    def close(self) -> None:
        """Nothing is held."""


def pacing(_progress: Progress) -> Any:
    """A `Pacer` for an engine: it has all that the screen asks for."""
    return Pacer()


def long_conversation(store: Store) -> str:
    """The id of a conversation of so many messages, half of them answers with a list."""
    conversation, parent = store.create("base"), None
    wrote = Provenance("pacer", None, "base", "1")
    for at in range(MESSAGES // 2):
        question = store.add_question(conversation.id, parent, f"Question {at}: what of the river?")
        answer = store.begin_answer(conversation.id, question.id, wrote)
        text = f"Answer {at}.\n\n- one thing\n- another thing\n\n`code` and words about it."
        parent = store.finish_answer(answer.id, text=text, thinking="", status="done", usage=None).id
    return conversation.id


class Watch:
    """Delays of the event loop, and of keys until they stand in the prompt, in milliseconds."""

    def __init__(self, app: ChatApp) -> None:
        self._app = app
        self.loop: list[float] = []
        self.keys: list[float] = []
        self._over = False

    async def loop_delays(self) -> None:
        while not self._over:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            self.loop.append((time.perf_counter() - began - 0.005) * 1000)

    async def key_presses(self) -> None:
        prompt = self._app.screen.query_one("Prompt")
        while not self._over:
            before, began = len(prompt.text), time.perf_counter()  # type: ignore[attr-defined]
            self._app.post_message(events.Key("x", "x"))
            while len(prompt.text) == before and not self._over:  # type: ignore[attr-defined]
                await asyncio.sleep(0.001)
            self.keys.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.15)

    def stop(self) -> None:
        self._over = True


def p(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def stream(session: Session, conversation: str, kind: str) -> None:
    app = ChatApp(session, conversation)
    began = time.perf_counter()
    async with app.run_test(size=(120, 40)) as pilot:
        while "Answer 999" not in "".join(
            str(w.content) for w in list(app.screen.query(".said, MarkdownParagraph").results(Static))[-4:]
        ):
            await asyncio.sleep(0.005)
        opened = (time.perf_counter() - began) * 1000
        widgets = len(list(app.screen.walk_children()))
        await pilot.pause(0.2)
        app.screen.query_one("Prompt").put(kind)  # type: ignore[attr-defined]
        app.post_message(events.Key("enter", "\r"))
        await asyncio.sleep(0.5)
        watch = Watch(app)
        tasks = [asyncio.create_task(watch.loop_delays()), asyncio.create_task(watch.key_presses())]
        await asyncio.sleep(SECONDS - 1)
        watch.stop()
        await asyncio.gather(*tasks)
        say(f"  {kind:<24} opened in {opened:,.0f} ms with {widgets:,} widgets")
        say(f"  {'event loop late by':>24} {_told(watch.loop)}")
        say(f"  {'a key after':>24} {_told(watch.keys)}")


def _told(values: list[float]) -> str:
    return f"{p(values, 0.5):.1f} ms (median), {p(values, 0.99):.1f} (p99), {max(values):.1f} (most)"


def main() -> None:
    """Print the table of the screen."""
    say(f"Screen, 120x40, {RATE} tok/s into a conversation of {MESSAGES:,} messages")
    for kind in TEXTS:
        with TemporaryDirectory() as folder:
            store = Store.open(Path(folder) / "conversations.sqlite3")
            conversation = long_conversation(store)
            loader = EngineLoader(pacing)
            loader.start()
            session = Session(Config(ascii=False), Catalog.load(None), store, loader)
            asyncio.run(stream(session, conversation, kind))
            session.close()
