"""What would be done, and a cell from nothing to the page on the starter model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evidence import tries
from evidence.book import Book
from evidence.cells import cells, shrunk
from evidence.filling import STOPPED, Course, chosen, listing
from evidence.tries import named
from modes.share.library import Library
from tests.evidence.made import book, fill, site

ROOT = Path(__file__).parents[2]


def evidence(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evidence", "--tiny", "--folder", str(folder), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_list_tells_what_is_done_and_what_the_rest_costs_by_what_was_measured(tmp_path: Path) -> None:
    of = book(tmp_path)
    fill(of, of.cells["base"], lambda _ask, _at: True)
    lines = listing(Book(cells(), of.site), list(of))
    assert lines[1].split() == ["base", "done", "-", "-"]
    # 900 items of a quarter of a second, as the base took.
    own = next(line for line in lines if line.startswith("own-s0-legal "))
    assert own.split() == ["own-s0-legal", "missing", "10", "min", "4", "min"]
    assert lines[-1].startswith(f"1 of {len(of.cells)} cells are done; the others take about ")


def test_cells_are_chosen_by_patterns() -> None:
    of = book(Path())
    assert [cell.name for cell in chosen(of, "base, own-s0-l*")] == ["base", "own-s0-legal"]
    assert chosen(of, "nothing") == []


def test_when_the_time_is_up_nothing_more_is_begun(tmp_path: Path) -> None:
    of, said = book(tmp_path), list[str]()
    assert not Course(of, (), said.append, until=1.0).fill(list(of))
    assert said == ["the time is up; the same command goes on"]


def test_a_cell_that_is_tuned_brings_the_cells_that_settle_it(tmp_path: Path) -> None:
    of, said = book(tmp_path), list[str]()
    course = Course(of, (), said.append)
    needed = [cell.name for cell in course.needed([of.cells["sequence-s0-3-coding"]])]
    own, sequence = named(tries.own()), named(tries.sequence())
    assert needed == [*own, *sequence, "sequence-s0-3-coding"]


def test_another_model_does_not_get_among_the_cells_of_the_starter() -> None:
    command = [sys.executable, "-m", "evidence", "--model", "other.gguf", "--report"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "are of the starter: give those of --model a --folder" in done.stderr


def test_a_cell_whose_setting_is_not_chosen_yet_says_what_was_not_tried(tmp_path: Path) -> None:
    done = evidence(tmp_path, "train", "share-s0-2-legal")
    assert [done.returncode, done.stderr] == [1, ""]
    assert "tune-share-0.06-0.001 was not: python -m evidence --only share-s0-2-legal" in done.stdout


def test_a_reader_of_the_list_may_leave_before_its_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evidence", "--folder", str(tmp_path), "--list"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.wait(60) == 1
        assert process.stderr.read() == ""


def tiny(folder: Path) -> Path:
    """``folder`` with the rates of own adapters tried already."""
    of = Book(shrunk(cells(), steps=2, items=4), site(folder))
    for cell in tries.own():
        fill(of, of.cells[cell.name], lambda _ask, _at: True)
    return folder


@pytest.mark.model
def test_the_cell_that_is_trained_is_named_though_another_one_was_asked_for(tmp_path: Path) -> None:
    done = evidence(tiny(tmp_path), "train", "tune-core-0.015")
    assert done.returncode == 0, done.stderr
    told = [line.partition(",")[0] for line in done.stdout.splitlines()]
    assert told == ["  own-s0-legal: step 2 of 2", "  tune-core-0.015: step 2 of 2"]


@pytest.mark.model
def test_a_cell_is_trained_stopped_gone_on_with_scored_and_put_on_the_page(tmp_path: Path) -> None:
    stopped = evidence(tiny(tmp_path), "train", "own-s0-legal", "--until", "1")
    assert stopped.returncode == STOPPED, stopped.stderr
    (checkpoint,) = (tmp_path / "work" / "training").glob("*/checkpoint-*.pt")

    done = evidence(tmp_path, "--only", "own-s0-legal")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not checkpoint.exists()
    result = json.loads((tmp_path / "results" / "own-s0-legal.json").read_text())
    assert result["made"]["record"]["steps"] == 2
    assert result["bytes"] == {"factors": 16 * 97_920 * 2}
    assert [one["n"] for one in result["asked"]] == [4] * 5
    assert all(set(one["correct"]) <= {"0", "1"} and len(one["correct"]) == 4 for one in result["asked"])
    (made,) = (tmp_path / "work" / "made").iterdir()
    assert list(Library(made).load().modes) == ["legal"]
    assert "[own-s0-legal](results/own-s0-legal.json)" in (tmp_path / "results.md").read_text("utf-8")

    again = evidence(tmp_path, "--only", "own-s0-legal")
    assert again.returncode == 0
    assert again.stdout == f"written: {tmp_path / 'results.md'}\n"
