"""``tui --bench --slots`` as a person or a program runs it."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.engine.remote.replaying import DONE, Answer, Replay, event, piece, replaying
from tests.tui.program import outcome
from tests.tui.small import Small, write_small


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return write_small(tmp_path_factory.mktemp("small"))


def sets(small: Small) -> tuple[str, ...]:
    return ("--domains", f"{small.set_of('first')},{small.set_of('second')}", "--items", "2")


def test_it_measures_tells_and_is_compared_with_itself(small: Small) -> None:
    target = small.folder / "load.json"
    both = ("--modes", "first,second", *sets(small))
    said = small.program.run("--bench", "--slots", "1..2", *both, "--json", str(target))
    assert said.code == 0 or "10 % slower" in said.err, said.err
    assert max(map(len, said.out.splitlines())) <= 80
    assert "\x1b" not in said.out + said.err
    assert "Conversations at once" in said.out
    assert "kept in " in said.err
    report = json.loads(target.read_text())
    assert {"schema", "criteria", "loads", "ratios", "modes", "same", "items", "depth"} <= set(report)
    assert [row["slots"] for row in report["loads"]] == [1, 1, 2, 2]
    assert report["model"]["slots"] == 2
    assert report["coefficients"] == ["first", "second"]
    again = small.program.run("--bench", "--slots", "2", *both, "--json", "-", "--compare", str(target))
    compared = json.loads(again.out)["compare"]
    assert compared["run"] == report["run"]
    assert {row["slots"] for row in compared["rows"]} == {2}


def test_a_depth_that_is_too_deep_is_scaled_and_told(small: Small) -> None:
    said = small.program.run(
        "--bench", "--slots", "2", "--depth", "32K", "--modes", "first", *sets(small), "--context", "256"
    )
    assert "scaled from 32,768 to 192 tokens, and its answer of 32: a context of 256 tokens was asked" in (
        " ".join(said.out.split())
    )


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(small: Small) -> None:
    arguments = ("--bench", "--slots", "1..4", *sets(small), "--modes", "first")
    runs = small.data / "loads"
    before = set(runs.iterdir()) if runs.is_dir() else set()
    process = small.program.start(*arguments)
    end = time.monotonic() + 50
    while not _measured(runs, before):
        assert time.monotonic() < end, "it measures nothing"
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    ended = outcome(process)
    assert [ended.code, ended.out] == [130, ""]
    assert "steps are kept in" in ended.err
    assert "the same command goes on from there" in ended.err
    said = small.program.run(*arguments)
    assert "going on with" in said.err
    assert said.code in (0, 5)
    assert len(set(runs.iterdir()) - before) == 1


def _measured(runs: Path, before: set[Path]) -> bool:
    new = set(runs.iterdir()) - before if runs.is_dir() else set()
    return any((one / "times.json").exists() for one in new)


def test_a_server_that_loses_an_answer_ends_with_5_and_a_report(small: Small) -> None:
    usage = event(choices=[], usage={"prompt_tokens": 9, "completion_tokens": 3})
    whole = Answer([piece("a"), piece("b"), piece("c", "stop"), usage, DONE])
    answers = [whole, whole, whole, Answer([piece("a")]), whole]
    with replaying(Replay().chat(*answers)) as served:
        said = small.program.run(
            "--bench", "--engine", "remote", "--server", served.url, "--slots", "2", *sets(small)
        )
    assert [said.code, said.traceback] == [5, False]
    assert "refused: every answer comes to its end: 1 of 20 did not" in said.err
    assert "this server takes no coefficients" in said.err
    assert "in brackets, only a prompt here: first, second" in said.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--bench", "--slots", "1-8"), "--slots 1-8: write a number, some with commas (1,4,8), or a range"),
        (("--bench", "--slots", "0"), "--slots 0: each must be from 1 to 256"),
        (("--bench", "--slots", "2", "--depth", "deep"), "--depth deep: write a number of tokens"),
        (("--bench", "--depth", "32K"), "--depth is for --bench --slots"),
        (("--depth", "32K"), "--depth is for --bench: add it"),
        (("--slots", "1..4"), "--slots 1..4: only --bench takes several numbers; give one"),
        (("--slots", "1..4", "ask", "hi"), "--slots 1..4: only --bench takes several numbers; give one"),
        (("ask", "--slots", "1..4", "hi"), "'1..4' is not a valid integer"),
        (("--bench", "--slots", "2", "--json", "."), ". is a directory"),
        (("--bench", "--slots", "2", "--compare", "nowhere.json"), "nowhere.json is not there"),
        (("--bench", "--slots", "2", "--modes", "frist"), "did you mean first?"),
    ],
)
def test_what_cannot_be_meant_is_2_before_anything_is_asked(
    small: Small, arguments: tuple[str, ...], said: str
) -> None:
    ended = small.program.run(*arguments)
    assert [ended.code, ended.out, ended.traceback] == [2, "", False]
    assert said in ended.err


def test_a_report_of_an_evaluation_is_no_report_of_a_load(small: Small) -> None:
    other = small.folder / "other.json"
    other.write_text(json.dumps({"schema": 1, "kind": "modeshare evaluation", "scores": {}, "model": {}}))
    ended = small.program.run("--bench", "--slots", "2", *sets(small), "--compare", str(other))
    assert ended.code == 2
    assert "is no report of tui --bench --slots" in ended.err
