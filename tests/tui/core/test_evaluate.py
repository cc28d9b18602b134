"""One evaluation run: what it asks, what it keeps, and how it goes on."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.llama.engine import LlamaEngine
from modes.share.library import Shelved
from modes.share.subspace import grow, project, reconstructed
from tests.engine.random_modes import random_basis, random_coefficients
from tests.tui.small import MODES, Small, write_small
from tui.core.coefficients import Wardrobe
from tui.core.evaluate import Evaluation
from tui.core.evaluation.choice import FULL, QUICK, Choice, chosen
from tui.core.evaluation.events import CellDone, Event, ItemDone, Noted, Planned, Reported


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return write_small(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def engine(small: Small) -> Iterator[LlamaEngine]:
    engine = small.engine()
    yield engine
    engine.close()


class Counting:
    """The engine, which remembers what it was asked."""

    def __init__(self, engine: LlamaEngine) -> None:
        self._engine = engine
        self.asked: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def score(self, prompt: Any, continuations: Any, scales: Any = ()) -> list[list[float]]:
        self.asked.append((str(prompt), scales))
        return self._engine.score(prompt, continuations, scales)


def choice_of(small: Small, full: bool = False, items: int = 4) -> Choice:
    sets = [small.set_of(name) for name in ("first", "second")]
    return chosen(small.catalog, (FULL if full else QUICK).of(items), sets, None)


def evaluation(
    engine: Any, small: Small, runs: Path, choice: Choice, named: Iterable[str] = MODES
) -> Evaluation:
    wardrobe = Wardrobe(small.data / "subspace", small.folder / "none", frozenset(named))
    return Evaluation(engine, wardrobe, runs, choice)


def report_of(events: list[Event]) -> dict[str, Any]:
    assert isinstance(events[-1], Reported)
    return dict(events[-1].report)


@pytest.fixture(scope="module")
def ran(small: Small, engine: LlamaEngine, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    runs = tmp_path_factory.mktemp("runs")
    return list(evaluation(engine, small, runs, choice_of(small, full=True)).run())


def test_every_item_is_told_with_how_far_it_is(ran: list[Event]) -> None:
    plan, items = ran[0], [event for event in ran if isinstance(event, ItemDone)]
    assert isinstance(plan, Planned)
    assert [plan.done, plan.notes] == [0, ()]
    assert [event.done for event in items] == list(range(1, plan.total + 1))
    assert {event.total for event in items} == {plan.total}


def test_modes_are_asked_at_home_elsewhere_alone_as_learned_and_again(ran: list[Event]) -> None:
    tasks = [event.cell.task for event in ran if isinstance(event, CellDone)]
    assert tasks == [
        *("first fixed base", "second fixed base"),
        *("first fixed first", "first alone first", "second fixed second", "second alone second"),
        *("first fixed second", "second fixed first"),
        "first learned first",
        *("first again first", "second again second", "first again base"),
    ]


def test_every_number_of_the_report_is_there(ran: list[Event]) -> None:
    report = report_of(ran)
    assert json.loads(json.dumps(report)) == report
    assert [report["schema"], report["kind"]] == [1, "modeshare evaluation"]
    assert set(report["criteria"]) == {"quality", "forgetting", "memory", "speed"}
    assert set(report["hypotheses"]) == {"h1", "h2", "h3"}
    for one in (*report["criteria"].values(), *report["hypotheses"].values()):
        assert set(one) == {"name", "status", "sentence"}
    assert report["next_action"].startswith("Measure first:")
    mine = report["scores"]["first"]["fixed"]["first"]
    assert mine["n"] == len(mine["values"]) == 4
    assert mine["change"]["before"] == report["scores"]["first"]["fixed"]["base"]["acc"]
    assert set(mine["change"]) >= {"value", "low", "high", "p", "p_holm", "items", "facts"}


def test_speed_has_the_fields_of_llama_bench_and_ratios_of_neighbours(ran: list[Event]) -> None:
    decode = report_of(ran)["decode"]
    for row in decode["tests"]:
        assert {"n_prompt", "n_gen", "n_depth", "avg_ts", "stddev_ts", "samples_ts", "avg_ns"} <= set(row)
        assert len(row["samples_ts"]) == FULL.rounds
    assert {row["test"] for row in decode["tests"]} == {"base", "first", "second"}
    assert decode["ratio"] == min(
        one["median"] for each in decode["ratios"].values() for one in each.values()
    )


def test_a_mode_that_others_came_after_is_asked_as_it_was_learned(ran: list[Event]) -> None:
    kept = report_of(ran)["forgetting"]["domains"]
    assert [kept["first"]["way"], kept["first"]["since"]] == ["old coefficients", "v1"]
    assert kept["first"]["change"]["value"] == 0.0
    assert [kept["second"]["way"], kept["second"]["since"]] == ["learned last", "v2"]


def test_with_the_mode_off_the_base_is_the_base_again(ran: list[Event]) -> None:
    guards = report_of(ran)["guards"]
    assert guards["off"]["same"]
    assert guards["modes"]["first"]["same"]


def test_the_switches_are_timed_cold_warm_and_back(ran: list[Event]) -> None:
    assert set(report_of(ran)["switch"]) == {"cold", "warm", "back", "stay"}


def test_memory_is_what_the_modes_take_beyond_the_base(ran: list[Event]) -> None:
    memory = report_of(ran)["memory"]
    assert set(memory["coefficients"]) == {"first", "second"}
    assert 0 < memory["installed"] <= memory["beyond_base"]


def test_the_folder_has_all_of_it_for_the_user_alone(ran: list[Event]) -> None:
    last = ran[-1]
    assert isinstance(last, Reported)
    assert json.loads((last.folder / "report.json").read_text()) == last.report
    assert stat.S_IMODE(last.folder.stat().st_mode) == 0o700
    harness = json.loads((last.folder / "results.json").read_text())
    assert harness["results"]["first fixed first"]["acc_norm,none"] is not None
    assert (last.folder / "samples_first_fixed_first.jsonl").read_text().count("\n") == 4


@pytest.mark.parametrize("asked", [1, 7, 13])
def test_a_run_that_was_stopped_goes_on_and_asks_nothing_twice(
    small: Small, engine: LlamaEngine, tmp_path: Path, asked: int
) -> None:
    choice, counting = choice_of(small), Counting(engine)
    first = evaluation(counting, small, tmp_path, choice).run()
    seen = 0
    while seen < asked:
        seen += isinstance(next(first), ItemDone)
    first.close()
    events = list(evaluation(counting, small, tmp_path, choice).run())
    plan = events[0]
    assert isinstance(plan, Planned)
    assert plan.done == asked
    assert len(counting.asked) == plan.total
    assert len(list(tmp_path.iterdir())) == 1
    whole = list(evaluation(engine, small, tmp_path / "whole", choice).run())
    assert report_of(events)["scores"] == report_of(whole)["scores"]


def test_answers_without_coefficients_that_nobody_had_looked_at_are_not_gone_on_with_when_they_are_worn(
    small: Small, engine: LlamaEngine, tmp_path: Path
) -> None:
    choice = choice_of(small)
    first = evaluation(engine, small, tmp_path, choice, named=()).run()
    for event in first:
        if isinstance(event, ItemDone) and event.cell.who == "first":
            break
    first.close()
    (kept,) = tmp_path.iterdir()
    assert json.loads((kept / "run.json").read_text())["worn"] == {"first": [], "second": []}
    (plan, *_) = evaluation(engine, small, tmp_path, choice, named=["first"]).run()
    assert isinstance(plan, Planned)
    assert [plan.done, plan.folder == kept] == [0, False]


def test_a_run_that_came_to_its_end_is_not_gone_on_with(
    small: Small, engine: LlamaEngine, tmp_path: Path
) -> None:
    choice = choice_of(small, items=1)
    for _ in range(2):
        events = list(evaluation(engine, small, tmp_path, choice).run())
        assert isinstance(events[0], Planned)
        assert events[0].done == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_two_runs_at_once_have_folders_of_their_own(
    small: Small, engine: LlamaEngine, tmp_path: Path
) -> None:
    choice = choice_of(small, items=1)
    runs = [evaluation(engine, small, tmp_path, choice).run() for _ in range(2)]
    plans = [next(run) for run in runs]
    assert all(isinstance(plan, Planned) for plan in plans)
    assert len(list(tmp_path.iterdir())) == 2
    for run in runs:
        run.close()


def test_without_coefficients_the_prompt_is_asked_and_judged_by_nobody(
    small: Small, engine: LlamaEngine, tmp_path: Path
) -> None:
    choice = chosen(small.catalog, QUICK.of(2), [small.set_of("plain")], ["plain"])
    events = list(evaluation(engine, small, tmp_path, choice).run())
    assert isinstance(events[0], Planned)
    assert events[0].notes == ("plain: no coefficients, so its scores are those of its prompt",)
    report = report_of(events)
    assert {one["status"] for one in report["criteria"].values()} == {"not measured"}
    assert report["scores"]["plain"]["fixed"]["plain"]["n"] == 2


def test_an_item_that_does_not_fit_is_left_out_and_told_once(
    small: Small, engine: LlamaEngine, tmp_path: Path
) -> None:
    rows = [
        {"id": "long", "prompt": "word " * 200, "answer": "yes", "choices": ["yes", "no"]},
        {"id": "short", "prompt": "Well?", "answer": "yes", "choices": ["yes", "no"]},
    ]
    choice = chosen(small.catalog, QUICK.of(2), [small.write("first", rows)], ["first"])
    events = list(evaluation(engine, small, tmp_path, choice).run())
    told = [event.text for event in events if isinstance(event, Noted)]
    assert len(told) == 1
    assert told[0].startswith('long ("word word word word word word") is left out: the prompt is')
    values = report_of(events)["scores"]["first"]["fixed"]["first"]["values"]
    assert [value is None for value in values] == [True, False]


def kept_of(small: Small, subspace: Path, runs: Path, asked: Choice) -> dict[str, Any]:
    """What each mode of a subspace has kept, by domain."""
    engine = small.engine()
    try:
        wardrobe = Wardrobe(subspace, small.folder / "none", frozenset(MODES))
        events = list(Evaluation(engine, wardrobe, runs, asked).run())
    finally:
        engine.close()
    kept: dict[str, Any] = report_of(events)["forgetting"]["domains"]
    return kept


@pytest.mark.parametrize(("compacted", "way"), [(False, "old coefficients"), (True, "notes")])
def test_without_an_older_version_a_mode_is_asked_without_the_directions_that_came_later(
    tmp_path: Path, compacted: bool, way: str
) -> None:
    small = write_small(tmp_path / "grown")
    old = small.library.load("v1")
    shapes = {name: (len(one.up), len(one.down)) for name, one in old.basis.modules.items()}
    other = random_basis(shapes, 2, old.basis.base, seed=5)
    learned = reconstructed(other, random_coefficients(other, 2.0, 7))
    basis, modes = grow(old.basis, old.modes, learned)
    assert {one.rank for one in basis.modules.values()} == {6}
    found, _ = project(basis, learned)
    asked = chosen(small.catalog, QUICK.of(6), [small.set_of("first"), small.set_of("second")], list(MODES))
    then = {item.id: 1 for item in asked.subjects[0].items}
    notes: dict[str, Any] = {"trained": {"first": {}, "second": {}}, "scores": {"first": {"items": then}}}
    if compacted:
        notes["compacted"] = {"first": {"worst": 0.1}}
    alone = small.folder / "alone"
    type(small.library)(alone).save(Shelved(basis, {**modes, "second": found}, notes), "f32")
    kept = kept_of(small, alone, tmp_path / "runs", asked)
    assert kept["first"]["way"] == way
    assert kept["first"]["change"]["value"] == 0.0 or compacted
    assert kept["second"]["way"] == "learned last"


def test_what_the_notes_keep_of_then_is_compared_with_now_and_the_last_has_lost_nothing(
    tmp_path: Path,
) -> None:
    small = write_small(tmp_path / "noted")
    shelved = small.library.load()
    both = [small.set_of("first"), small.set_of("second")]
    asked = chosen(small.catalog, QUICK.of(6), both, ["first", "second"])
    then = {item.id: 1 for item in asked.subjects[0].items}
    notes = {"scores": {"first": {"items": then}}, "trained": {"first": {}, "second": {}}}
    alone = small.folder / "alone"
    type(small.library)(alone).save(Shelved(shelved.basis, shelved.modes, notes))
    kept = kept_of(small, alone, tmp_path / "runs", asked)
    assert [kept["first"]["way"], kept["first"]["change"]["before"]] == ["notes", 1.0]
    assert [kept["second"]["way"], kept["second"]["change"]["value"]] == ["learned last", 0.0]
