"""The screen while the model is still being loaded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.contract import Engine, LoadCancelled, Progress
from tests.tui.ui.conftest import driving
from tests.tui.ui.stored import thread
from tui.core.engines import open_engine
from tui.core.models import EngineLoader
from tui.core.session import Session

Begin = Callable[..., Session]


async def test_a_question_sent_while_loading_waits_and_is_answered(begin: Begin, tmp_path: Path) -> None:
    gate = threading.Event()
    session = begin()

    def slowly(progress: Progress) -> Engine:
        progress(0.43)
        assert gate.wait(20)
        return open_engine(session.config, tmp_path / "models.json", progress)

    session.loader.close()
    session.loader = EngineLoader(slowly)
    session.loader.start()
    async with driving(session) as me:
        await me.until(lambda: "loading 43 %" in me.status)
        await me.send("Are you there?")
        await me.until(lambda: "waiting for the model" in me.said)
        assert session.store.latest() is None
        gate.set()
        await me.answered()
        assert "waiting for the model" not in me.said
        assert thread(session.store)[-1].content


async def test_a_stop_while_the_model_loads_gives_the_question_back(begin: Begin, tmp_path: Path) -> None:
    gate = threading.Event()
    session = begin()

    def slowly(progress: Progress) -> Engine:
        assert gate.wait(20)
        return open_engine(session.config, tmp_path / "models.json", progress)

    session.loader.close()
    session.loader = EngineLoader(slowly)
    session.loader.start()
    async with driving(session) as me:
        await me.send("Are you there?")
        await me.press("escape")
        gate.set()
        await me.answered()
        assert me.chat.prompt.text == "Are you there?"
        assert session.store.latest() is None


async def test_ctrl_c_twice_while_the_model_loads_leaves_and_gives_the_load_up(
    begin: Begin, tmp_path: Path
) -> None:
    session, gate = begin(), threading.Event()

    def slowly(progress: Progress) -> Engine:
        progress(0.2)
        assert gate.wait(30)
        return open_engine(session.config, tmp_path / "models.json", progress)

    session.loader.close()
    session.loader = EngineLoader(slowly)
    async with driving(session) as me:
        await me.until(lambda: "loading 20 %" in me.status)
        await me.press("ctrl+c")
        await me.press("ctrl+c")
        await me.until(lambda: not me.pilot.app.is_running)
    closing = threading.Thread(target=session.close)
    closing.start()
    while not session.loader._cancelled.is_set():
        closing.join(0.01)
    gate.set()
    closing.join(30)
    assert not closing.is_alive()
    with pytest.raises(LoadCancelled):
        session.loader.wait(1)
