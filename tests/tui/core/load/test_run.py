"""One load run: what it measures, what it keeps, how it goes on, and how it ends when a server does."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engine.contract import Request
from engine.llama.engine import LlamaEngine
from engine.remote.engine import RemoteEngine, RemoteOptions
from tests.engine.remote.replaying import DONE, Answer, Replay, event, piece, replaying
from tests.engine.remote.servers import llama_server
from tests.tui.core.load.conftest import Loading
from tests.tui.core.test_evaluate import Counting, choice_of, report_of
from tests.tui.small import MODES, Small
from tui.core.coefficients import Wardrobe
from tui.core.evaluation.endings import NothingToAsk
from tui.core.evaluation.events import Event, Noted, Planned, Reported, StepDone
from tui.core.load.run import LoadRun
from tui.core.load.spec import Wanted


@pytest.fixture(scope="module")
def ran(small: Small, engine: LlamaEngine, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    wardrobe = Wardrobe(small.data / "subspace", small.folder / "none", frozenset(MODES))
    runs = tmp_path_factory.mktemp("runs") / "loads"
    choice = choice_of(small, items=3)
    return list(LoadRun(engine, wardrobe, runs, choice, Wanted((1, 3))).run())


def told(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Noted)]


def test_every_count_is_measured_in_mixed_modes_and_in_the_base(ran: list[Event]) -> None:
    report = report_of(ran)
    assert (report["schema"], report["kind"]) == (1, "modeshare load")
    rows = {(row["slots"], row["condition"]): row for row in report["loads"]}
    assert set(rows) == {(count, condition) for count in (1, 3) for condition in ("mixed", "base")}
    for (count, _), row in rows.items():
        assert row["answers"] == count * row["turns"]
        assert row["errors"] == 0
        assert row["decode_tps"]["low"] <= row["decode_tps"]["median"] <= row["decode_tps"]["high"]
        for times in (row["ttft_ms"], row["inter_token_ms"]):
            assert 0 <= times["p50"] <= times["p95"] <= times["p99"]
    assert set(report["ratios"]) == {"1", "3"}


def test_every_mode_is_heard_three_times_at_every_count(ran: list[Event]) -> None:
    for rows in report_of(ran)["modes"].values():
        assert set(rows) == {"base", "first", "second"}
        for row in rows.values():
            assert row["decode"]["pairs"] == 3
            assert row["ttft"]["pairs"] == 3


def test_answers_are_compared_with_those_alone_and_items_are_asked_both_ways(ran: list[Event]) -> None:
    report = report_of(ran)
    assert list(report["same"]) == ["3"]
    assert report["same"]["3"]["asked"] == 3
    assert {name: row["asked"] for name, row in report["items"].items()} == {"first": 3, "second": 3}
    assert report["criteria"]["items"]["status"] == "pass"
    assert report["criteria"]["answers"]["status"] == "pass"


def test_steps_are_told_up_to_the_last_and_the_folder_is_the_users_alone(ran: list[Event]) -> None:
    plan, last = ran[0], ran[-1]
    assert isinstance(plan, Planned)
    assert isinstance(last, Reported)
    steps = [event.done for event in ran if isinstance(event, StepDone)]
    assert steps == list(range(1, plan.total + 1))
    assert json.loads((last.folder / "report.json").read_text()) == last.report
    assert stat.S_IMODE(last.folder.stat().st_mode) == 0o700


class Asking(Counting):
    """Remembers the requests too."""

    def __init__(self, engine: LlamaEngine) -> None:
        super().__init__(engine)
        self.requests: list[Request] = []

    def generate(self, request: Request) -> Any:
        self.requests.append(request)
        return self._engine.generate(request)


def test_both_halves_of_a_turn_ask_the_same_in_turn_first(engine: LlamaEngine, load: Loading) -> None:
    asking = Asking(engine)
    run = load(asking, (3,)).run()
    for _ in range(4):  # the plan, and the turns 0, 1 and 2
        next(run)
    run.close()
    begins = [one.messages[-1].content.split()[1].split(".") for one in asking.requests]
    halves = [half for count, half, _at, *_ in begins if count == "3"]
    assert [halves[at] for at in range(0, 18, 3)] == ["0m", "0b", "1b", "1m", "2m", "2b"]
    worn = [bool(one.scales) for one in asking.requests if "3.0m" in one.messages[-1].content]
    assert sorted(worn) == [False, True, True]
    assert not any(one.scales for one in asking.requests if "3.0b" in one.messages[-1].content)


@pytest.mark.parametrize("steps", [1, 4, 11])
def test_a_run_that_was_stopped_goes_on_and_measures_no_turn_twice(
    engine: LlamaEngine, load: Loading, tmp_path: Path, steps: int
) -> None:
    first = load(engine).run()
    for _ in range(steps + 1):
        next(first)
    first.close()
    asking = Asking(engine)
    events = list(load(asking).run())
    plan = events[0]
    assert isinstance(plan, Planned)
    assert plan.done == steps
    assert sum(isinstance(event, StepDone) for event in events) == plan.total - steps
    assert len(list((tmp_path / "loads").iterdir())) == 1
    rows = report_of(events)["loads"]
    assert [row["turns"] for row in rows] == [9, 9, 3, 3]


def test_a_run_that_asks_something_else_begins_anew(engine: LlamaEngine, load: Loading) -> None:
    first = load(engine, (3,)).run()
    next(first), next(first)
    first.close()
    other = load(engine, (2,)).run()
    plan = next(other)
    other.close()
    assert isinstance(plan, Planned)
    assert plan.done == 0


def test_a_depth_is_scaled_to_the_context_and_says_why(engine: LlamaEngine, load: Loading) -> None:
    events = list(load(engine, (2,), 32_768, why="the memory is small").run())
    plan, report = events[0], report_of(events)
    assert isinstance(plan, Planned)
    assert "scaled from 32,768 to 448 tokens, and its answer of 32: the memory is small" in plan.notes[-1]
    assert report["depth"] == {"asked": 32_768, "used": 448}
    assert all(350 < row["prompt_tokens"] <= 448 for row in report["loads"])


def test_a_context_without_room_for_a_conversation_is_refused(small: Small, load: Loading) -> None:
    with ExitStack() as stack:
        served = stack.enter_context(replaying(Replay()))
        engine = RemoteEngine(served.url, RemoteOptions(context=100), lambda _fraction: True)
        stack.callback(engine.close)
        with pytest.raises(NothingToAsk, match="a context of 100 tokens has no room"):
            next(load(engine, (2,), 4096).run())


def test_one_conversation_is_no_load_and_items_are_not_asked(engine: LlamaEngine, load: Loading) -> None:
    report = report_of(list(load(engine, (1,)).run()))
    assert report["criteria"]["items"]["sentence"] == "one conversation is no load"
    assert (report["items"], report["same"]) == ({}, {})


@pytest.fixture
def served() -> Iterator[Callable[..., RemoteEngine]]:
    """An engine on a server that gives these answers."""
    with ExitStack() as stack:

        def make(*answers: Answer) -> RemoteEngine:
            one = stack.enter_context(replaying(Replay().chat(*answers)))
            engine = RemoteEngine(one.url, RemoteOptions(), lambda _fraction: True)
            stack.callback(engine.close)
            return engine

        yield make


def whole() -> Answer:
    usage = event(choices=[], usage={"prompt_tokens": 9, "completion_tokens": 3})
    return Answer([piece("a"), piece("b"), piece("c", "stop"), usage, DONE])


def test_a_server_without_coefficients_is_measured_by_prompts_and_says_so(
    served: Callable[..., RemoteEngine], load: Loading
) -> None:
    events = list(load(served(whole()), (2,)).run())
    report = report_of(events)
    assert any("this server takes no coefficients" in note for note in report["notes"])
    assert report["criteria"]["speed"]["sentence"] == "no mode has coefficients here"
    assert "nothing can be scored there" in report["criteria"]["items"]["sentence"]
    assert report["criteria"]["answers"]["status"] == "pass"
    assert set(report["modes"]["2"]) == {"base", "first", "second"}


def test_an_answer_that_a_server_breaks_off_is_counted_and_the_run_goes_on(
    served: Callable[..., RemoteEngine], load: Loading
) -> None:
    good = [whole()] * 5
    report = report_of(list(load(served(*good, Answer([piece("Hel")]), whole()), (2,)).run()))
    assert sum(row["errors"] for row in report["loads"]) == 1
    assert report["broken"] == ""
    assert "went away in mid-answer" in report["criteria"]["answers"]["sentence"]
    assert report["criteria"]["answers"]["status"] == "fail"


def test_a_server_that_dies_ends_the_run_with_what_was_measured(
    small: Small, load: Loading, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(ExitStack())
        url = server.enter_context(llama_server(small.model))
        engine = RemoteEngine(url, RemoteOptions(), lambda _fraction: True)
        stack.callback(engine.close)
        run = load(engine, (2,)).run()
        events = [next(run), next(run)]
        server.close()
        events += run
    report = report_of(events)
    assert any("breaks off, since no answer comes any more" in text for text in told(events))
    assert "it broke off: " in report["criteria"]["answers"]["sentence"]
    assert [row["turns"] for row in report["loads"]] == [1, 1]
    (folder,) = (tmp_path / "loads").iterdir()
    assert not (folder / "report.json").exists()
