"""The evaluation beside the chat: chosen, run, stopped, gone on with, looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from modes.evaluation.item import Item
from modes.evaluation.score import Outcome
from tests.tui.small import Small, write_small
from tui.core.config import Config
from tui.core.evaluation.answers import Answer
from tui.core.evaluation.choice import QUICK
from tui.core.session import Session
from tui.core.store import Store
from tui.ui.app import ChatApp
from tui.ui.course import plot
from tui.ui.glyphs import choose
from tui.ui.screens.chat import ChatScreen
from tui.ui.screens.evaluation import EvaluationScreen


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return write_small(tmp_path / "small")


@pytest.fixture
def session(small: Small) -> Iterator[Session]:
    config = Config(model=small.model, threads=1, tune=False, context=1024, ascii=True)
    store = Store.open(None)
    begun = Session.begin(config, small.catalog, store, small.data)
    yield begun
    begun.close()


@asynccontextmanager
async def evaluating(
    session: Session, items: int = 2, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Pilot[None]]:
    """The screen, opened with the command, and a run of few items chosen."""
    app = ChatApp(session)
    async with app.run_test(size=size) as pilot:
        app.install_screen(EvaluationScreen(session, choose(True), QUICK.of(items)), "evaluation")
        await until(pilot, lambda: session.loader.engine is not None)
        await open_evaluation(pilot)
        yield pilot


async def open_evaluation(pilot: Pilot[None]) -> None:
    chat = pilot.app.screen
    assert isinstance(chat, ChatScreen)
    await until(pilot, lambda: chat.prompt.has_focus)
    chat.prompt.put("/eval")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, EvaluationScreen))


async def until(pilot: Pilot[None], condition: Callable[[], Any], seconds: float = 60) -> None:
    for _ in range(int(seconds / 0.05)):
        if condition():
            await pilot.pause()
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"still not so: {shown(pilot)}")


def shown(pilot: Pilot[None]) -> str:
    """All that is on the screen, row by row."""
    return "\n".join(
        "".join(segment.text for segment in row).rstrip()
        for row in pilot.app.screen._compositor.render_strips()
    )


def evaluation(pilot: Pilot[None]) -> EvaluationScreen:
    screen = pilot.app.get_screen("evaluation")
    assert isinstance(screen, EvaluationScreen)
    return screen


async def only(pilot: Pilot[None], *names: str) -> None:
    """Choose nothing but these."""
    options = evaluation(pilot).query_one("#choose", OptionList)
    for at in range(options.option_count - 1):
        name = options.get_option_at_index(at).id or ""
        if name not in names:
            options.highlighted = at
            options.action_select()
            await pilot.pause()


async def test_a_run_ends_with_scores_speed_items_and_a_verdict(session: Session) -> None:
    async with evaluating(session) as pilot:
        await only(pilot, "domain cherokee", "mode cherokee")
        assert shown(pilot).count("[x]") == 2
        await pilot.press("r")
        await until(pilot, lambda: evaluation(pilot).course.report is not None)
        text = str(evaluation(pilot).query_one("#eval_tables", Static).content)
        assert "Verdict" in text
        assert "cherokee" in text
        await pilot.press("4")
        await until(pilot, lambda: "cherokee fixed base" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "nats/byte" in shown(pilot))
        assert "gold" in shown(pilot)
        await pilot.press("3")
        await until(pilot, lambda: "decode, base 0" in shown(pilot))
        assert shown(pilot).isascii()


async def test_what_a_model_has_answered_steers_no_terminal(session: Session) -> None:
    item = Item("1", "coding", "T1", "loops", "a loop", "code", "Write \x1b[2Ja loop.")
    outcome = Outcome("1", False, 1.0, text="\x1b]0;owned\x07print(1)", note="\x9b2Jfailed")
    async with evaluating(session) as pilot:
        evaluation(pilot).course.answers.append(Answer("coding fixed base", item, outcome))
        evaluation(pilot).course.notes.append("of \x1b[31mmodel")
        await pilot.press("2")
        await until(pilot, lambda: "of model" in shown(pilot))
        await pilot.press("4", "enter")
        await until(pilot, lambda: "print(1)" in shown(pilot))
        assert "Write a loop." in shown(pilot) and shown(pilot).replace("\n", "").isprintable()


async def test_it_goes_on_while_the_chat_is_in_front_and_can_be_stopped(session: Session) -> None:
    # Reasoning makes as many items as are asked for: a tiny model is not done before the key comes.
    async with evaluating(session, items=2000) as pilot:
        await only(pilot, "domain reasoning", "mode reasoning")
        await pilot.press("r")
        await until(pilot, lambda: evaluation(pilot).course.done > 0)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, EvaluationScreen))
        done = evaluation(pilot).course.done
        await until(pilot, lambda: evaluation(pilot).course.done > done or not evaluation(pilot).running)
        await open_evaluation(pilot)
        await pilot.press("s")
        await until(pilot, lambda: not evaluation(pilot).running)
        await until(pilot, lambda: "stopped: r goes on from here" in shown(pilot))
        kept = evaluation(pilot).course.done
        await pilot.press("r")
        await until(pilot, lambda: evaluation(pilot).course.total > 0)
        assert evaluation(pilot).course.done >= kept
        await pilot.press("s")
        await until(pilot, lambda: not evaluation(pilot).running)


async def test_an_earlier_run_is_listed_and_opened_with_its_items(session: Session) -> None:
    async with evaluating(session, items=1) as pilot:
        await only(pilot, "domain cherokee", "mode cherokee")
        await pilot.press("r")
        await until(
            pilot, lambda: evaluation(pilot).course.report is not None and not evaluation(pilot).running
        )
        asked = len(evaluation(pilot).course.answers)
        await pilot.press("5")
        await until(pilot, lambda: "-quick-" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "Verdict" in shown(pilot))
        assert len(evaluation(pilot).course.answers) == asked


async def test_what_cannot_be_asked_is_told_and_the_chat_goes_on(session: Session) -> None:
    async with evaluating(session) as pilot:
        evaluation(pilot)._amount = QUICK.of(0)
        await pilot.press("r")
        await until(pilot, lambda: "none of these domains" in shown(pilot))
        assert not evaluation(pilot).running


def test_a_plot_has_a_sign_for_each_value_and_says_its_ends() -> None:
    assert plot([1.0, 2.0, 3.0], plain=False, width=10) == "▁▅█\n1.0 to 3.0"
    assert plot([1.0, 2.0, 3.0], plain=True, width=2) == ".@\n2.0 to 3.0"
    assert plot([5.0, 5.0], plain=True, width=9).startswith("..\n")
