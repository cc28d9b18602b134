"""A run that ended early goes on where it was, and never with another one's outcomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from modes.evaluation.run import OtherRun, RunFolder, write_json, write_text
from tests.modes.evaluation.made import outcome

IDENTITY = {"model": "starter", "salts": ["a"], "count": 3}


def test_outcomes_are_there_again_with_every_digit(tmp_path: Path) -> None:
    made = [
        outcome("a", gold=1, log_likelihoods=(-0.1 - 0.2, -1e-17), tokens=(1, 2), sizes=(3, 4)),
        outcome("b", False, text="ᎣᏏᏲ\n\u2028 and more", note="timeout"),
    ]
    with RunFolder(tmp_path / "run", IDENTITY) as run:
        for one in made:
            run.append("rivers T1", one)
        run.append("lakes T1", made[0])
    with RunFolder(tmp_path / "run", {**IDENTITY}) as run:
        assert run.outcomes("rivers T1") == {"a": made[0], "b": made[1]}
        assert [list(run.outcomes("lakes T1")), run.outcomes("seas T1")] == [["a"], {}]


def test_an_outcome_is_in_the_file_at_once(tmp_path: Path) -> None:
    with RunFolder(tmp_path, IDENTITY) as run:
        run.append("t", outcome("a"))
        assert (tmp_path / "outcomes.jsonl").read_text().count("\n") == 1


@pytest.mark.parametrize(
    "torn", [b'{"task": "t", "item": "c", "corr', b'{"task": "t"}\n', b"\xff\n", b"[]\n"]
)
def test_a_torn_line_is_dropped_and_written_over(torn: bytes, tmp_path: Path) -> None:
    with RunFolder(tmp_path, IDENTITY) as run:
        run.append("t", outcome("a"))
        run.append("t", outcome("b"))
    with (tmp_path / "outcomes.jsonl").open("ab") as file:
        file.write(torn)
    with RunFolder(tmp_path, IDENTITY) as run:
        assert list(run.outcomes("t")) == ["a", "b"]
        run.append("t", outcome("c"))
    with RunFolder(tmp_path, IDENTITY) as run:
        assert list(run.outcomes("t")) == ["a", "b", "c"]


def test_every_place_a_line_may_tear_is_survived(tmp_path: Path) -> None:
    with RunFolder(tmp_path, IDENTITY) as run:
        run.append("t", outcome("a"))
        run.append("t", outcome("b", text="ᎣᏏᏲ"))
    path = tmp_path / "outcomes.jsonl"
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with RunFolder(tmp_path, IDENTITY) as run:
            assert list(run.outcomes("t")) == ["a"][: length >= first]


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    with RunFolder(tmp_path, IDENTITY):
        pass
    with pytest.raises(OtherRun, match="name a new folder"):
        RunFolder(tmp_path, {**IDENTITY, "count": 4})
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(OtherRun):
        RunFolder(tmp_path, IDENTITY)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_text(tmp_path / "folder", "text")
    assert path.read_text() == '{\n  "a": 1\n}\n'
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.json", "folder"], "and nothing is left over"
