"""``tui --bench`` as a person or a program runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from engine.contract import Message
from tests.tui.program import TUI, outcome
from tests.tui.small import Small, write_small


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return write_small(tmp_path_factory.mktemp("small"))


def picked(scores: list[list[float]], options: list[str]) -> int:
    likely = [sum(one) / len(text) for one, text in zip(scores, options, strict=True)]
    return likely.index(max(likely))


def lost(small: Small) -> str:
    """A test set that the base knows by heart, and of which the first mode has no idea."""
    engine = small.engine()
    engine.install("first", small.library.load().basis, small.library.load().modes["first"])
    rows: list[dict[str, Any]] = []
    options = list("abcdefghijklmnop")
    for number in range(200):
        prompt = f"{number}?"
        asked = [Message("user", prompt)]
        worn = [Message("system", "Be first."), *asked]
        base = picked(engine.score(asked, options), options)
        mode = picked(engine.score(worn, options, (("first", 1.0),)), options)
        if base != mode:
            rows.append({"prompt": prompt, "choices": options, "answer": base})
        if len(rows) == 12:
            break
    engine.close()
    return small.write("first", rows)


def test_it_measures_tells_and_is_compared_with_itself(small: Small) -> None:
    target = small.folder / "report.json"
    sets = ("--domains", f"{small.set_of('first')},{small.set_of('second')}", "--items", "3")
    said = small.program.run("--bench", *sets, "--json", str(target))
    assert said.code == 0 or "% slower" in said.err, said.err
    assert max(map(len, said.out.splitlines())) <= 80
    assert "\x1b" not in said.out + said.err
    assert "Verdict" in said.out
    assert "first: cannot resolve 5 points: 3 facts" in said.out
    assert "kept in " in said.err
    report = json.loads(target.read_text())
    assert {"schema", "criteria", "hypotheses", "forgetting", "decode", "next_action", "scores"} <= set(
        report
    )
    again = small.program.run("--bench", *sets, "--json", "-", "--compare", str(target))
    assert again.code == 0 or "% slower" in again.err, again.err
    compared = json.loads(again.out)["compare"]
    assert compared["run"] == report["run"]
    assert {one["value"] for one in compared["scores"]} == {0.0}


def test_a_mode_below_the_base_is_refused_with_5(small: Small) -> None:
    said = small.program.run("--bench", "--domains", lost(small), "--modes", "first")
    assert said.code == 5
    assert "refused: every mode at least as good as the base: worse than the base: first -100.0" in said.err
    assert "fail" in said.out


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(small: Small) -> None:
    program = small.program
    arguments = ("--bench", "--domains", small.set_of("second", 60), "--modes", "second")
    process = subprocess.Popen(
        [TUI, *arguments],
        env=program.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    runs = small.data / "evaluations"
    before = set(runs.iterdir()) if runs.is_dir() else set()
    end = time.monotonic() + 40
    while not _asked(runs, before):
        assert time.monotonic() < end, "it asks nothing"
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    ended = outcome(process)
    assert [ended.code, ended.out] == [130, ""]
    assert "the same command goes on from there" in ended.err
    said = program.run(*arguments)
    assert "going on with" in said.err
    assert said.code in (0, 5)
    assert len(set(runs.iterdir()) - before) == 1


def _asked(runs: Path, before: set[Path]) -> bool:
    new = set(runs.iterdir()) - before if runs.is_dir() else set()
    return any((one / "outcomes.jsonl").exists() and (one / "outcomes.jsonl").stat().st_size for one in new)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--bench", "--domains", "legul"), "no domain is called 'legul' (did you mean legal?)"),
        (("--bench", "--modes", "frist"), "no mode is called 'frist' (did you mean first?)"),
        (("--bench", "--compare", "nowhere.json"), "nowhere.json is not there"),
        (("--bench", "--json", "nowhere/report.json"), "is not there: make it first"),
        (("--bench", "--json", "."), ". is a directory"),
        (("--bench", "--quick", "--full"), "leave one out"),
        (("--bench", "ask", "why"), "--bench and the command ask"),
        (("--items", "3"), "--items is for --bench"),
        (("--bench", "--items", "0"), "0 is not in the range"),
        (("--bench", "--domains", "gone.jsonl"), "gone.jsonl"),
    ],
)
def test_what_cannot_be_meant_is_2_before_anything_is_asked(
    small: Small, arguments: tuple[str, ...], said: str
) -> None:
    ended = small.program.run(*arguments)
    assert [ended.code, ended.out, ended.traceback] == [2, "", False]
    assert said in ended.err


def test_a_report_of_another_base_is_refused(small: Small) -> None:
    other = small.folder / "other.json"
    about = {"name": "large", "fingerprint": "abc"}
    other.write_text(json.dumps({"schema": 1, "kind": "modeshare evaluation", "scores": {}, "model": about}))
    ended = small.program.run("--bench", "--domains", small.set_of("first"), "--compare", str(other))
    assert ended.code == 2
    assert "is of another base, large (abc), and this is tiny" in ended.err
