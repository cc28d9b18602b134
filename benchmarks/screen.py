"""How long the screen keeps a key press waiting while an answer streams into a long conversation.

No model: a written text comes at 200 tokens a second, so that only the screen's own work is measured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, cast

from textual import events

from benchmarks.report import say
from engine.contract import Chunk, Engine, Message, ModelInfo, Prefill, Progress, Request, Usage
from modes.catalog import Catalog
from tui.core.config import Config
from tui.core.conversation import Provenance
from tui.core.models import EngineLoader
from tui.core.session import Session
from tui.core.store import Store
from tui.ui.app import ChatApp

RATE = 200
SECONDS = 10
MESSAGES = 2000

_PROSE = "The keeper climbed the *spiral* stairs again, and `lit` the **lamp**. "
_TEXTS = {
    "list": "".join(f"- item {n} of the list, with **some** words in it\n" for n in range(2000)),
    "numbered": "".join(f"{n}. step {n} of the plan, with `code` in it\n" for n in range(1, 2000)),
    "fence": "```python\n" + "".join(f"value_{n} = compute({n}, name='x')  # why\n" for n in range(2000)),
    "prose": "\n\n".join(_PROSE * 6 for _ in range(200)),
    "paragraph": _PROSE * 800,
    "table": "| a | b |\n|---|---|\n" + "".join(f"| row {n} | {n * n} |\n" for n in range(2000)),
}


class Script:
    """An engine that writes a given text at a given rate."""

    def __init__(self, text: str, slots: int = 2) -> None:
        self.text = text
        self.info = ModelInfo("script", "none", Path("script"), 0, 0, 8192, 8192, "none", False, slots)

    def fingerprint(self, wait: bool = True) -> str | None:
        return "0" * 64

    def count_tokens(self, messages: Sequence[Message], thinking: bool | None = None) -> int:
        return sum(len(message.content) // 4 + 4 for message in messages)

    def generate(self, request: Request) -> Iterator[Chunk]:
        yield Chunk(prefill=Prefill(10, 10))
        begun = time.perf_counter()
        pieces = [self.text[at : at + 4] for at in range(0, len(self.text), 4)][: RATE * SECONDS]
        for number, piece in enumerate(pieces):
            time.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
            yield Chunk(text=piece, tokens=(number,))
        yield Chunk(done="length", usage=Usage(10, 0, 0.1, 0.1, len(pieces), float(SECONDS), 1))

    def cancel(self, request_id: str) -> None: ...

    def close(self) -> None: ...


def _load(text: str, _progress: Progress) -> Engine:
    return cast(Engine, Script(text))


def fill(store: Store, messages: int) -> str:
    """A conversation of so many messages; its id."""
    conversation = store.create("base")
    parent = None
    for turn in range(messages // 2):
        question = store.add_question(conversation.id, parent, f"question {turn} about the lighthouse")
        parent = store.begin_answer(conversation.id, question.id, Provenance("m", None, "base", "1")).id
        text = f"Answer {turn}.\n\n- one\n- two\n\n```python\nprint({turn})\n```\n\nAnd so on."
        store.finish_answer(parent, text=text, thinking="", status="done", usage=None)
    return conversation.id


def percentile(values: list[float], of: float) -> float:
    """Milliseconds."""
    return round(sorted(values)[min(int(len(values) * of), len(values) - 1)] * 1000, 1)


async def _probe(delays: list[float], running: asyncio.Event) -> None:
    while not running.is_set():
        begun = time.perf_counter()
        await asyncio.sleep(0.005)
        delays.append(max(0.0, time.perf_counter() - begun - 0.005))


async def _keys(pilot: Any, delays: list[float], running: asyncio.Event) -> None:
    prompt = pilot.app.screen_stack[0].prompt
    while not running.is_set():
        begun, before = time.perf_counter(), len(prompt.text)
        prompt.post_message(events.Key("a", "a"))
        while len(prompt.text) == before:
            await asyncio.sleep(0)
        delays.append(time.perf_counter() - begun)
        await asyncio.sleep(0.05)


async def measure(session: Session, conversation: str) -> dict[str, float]:
    """The delays, in milliseconds, of one answer."""
    app = ChatApp(session)
    async with app.run_test(size=(120, 40)) as pilot:
        chat: Any = app.screen_stack[0]
        await pilot.pause()
        begun = time.perf_counter()
        await chat.open(session.store.get(conversation))
        await pilot.pause()
        opened = time.perf_counter() - begun
        while session.loader.engine is None:
            await asyncio.sleep(0.05)
        delays: list[float] = []
        keys: list[float] = []
        done = asyncio.Event()
        chat.prompt.put("go")
        await pilot.press("enter")
        tasks = [asyncio.create_task(_probe(delays, done)), asyncio.create_task(_keys(pilot, keys, done))]
        while chat.presenter.running is not None or not chat.presenter.meter.usage:
            await asyncio.sleep(0.05)
        done.set()
        await asyncio.gather(*tasks)
        widgets = len(chat.transcript.query("*"))
    return {
        "opened": opened * 1000,
        "loop p50": percentile(delays, 0.5),
        "loop p99": percentile(delays, 0.99),
        "loop max": percentile(delays, 1),
        "key p50": percentile(keys, 0.5),
        "key p99": percentile(keys, 0.99),
        "widgets": widgets,
    }


def main() -> None:
    """Every text, one after the other."""
    say(f"screen: {RATE} tok/s into {MESSAGES:,} messages, {SECONDS} s each; milliseconds")
    for name, text in _TEXTS.items():
        store = Store.open(None)
        conversation = fill(store, MESSAGES)
        loader = EngineLoader(partial(_load, text))
        session = Session(Config(mode="base", ascii=False), Catalog.load(None), store, loader)
        with closing(session):
            figures = asyncio.run(measure(session, conversation))
        told = ", ".join(f"{what} {figure:,.1f}" for what, figure in figures.items())
        say(f"  {name:<10} {told}")
