"""``tui memory extract`` and ``audit``: lines that training reads, and an account of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memory.record import Memory
from memory.sqlite.store import MemoryStore
from modes.training.data import read_chat
from tests.tui.program import Program

KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.fixture
def filled(remembering: Program, kept: MemoryStore) -> Program:
    for number in range(3):
        kept.add(f"Rule {number} is on claims. It says what has to be shown in case {number}.", tags=["va"])
    kept.add("See 38 CFR 3.310 on this. It is about what a connected disease causes.")
    kept.add(f"The key of the office is told here. It is {KEY}, and nobody else has it.", tags=["va"])
    kept.add(
        "What is sacred is not told. It stays with those who keep it.", tags=["va", "cultural"], sacred=True
    )
    kept.add("A single statement about disability.", tags=["va"])
    kept.take_in(
        [Memory("9", "Cold now. Once it was hot, as all were.", 50.0, 0.0, 0.0, "federation", tags=("va",))]
    )
    return remembering


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    rows = [
        {"id": 1, "title": "Sort", "instruction_content": "Sort it.", "status": "completed",
         "result": {"output": "x.sort()"}},
        {"id": 2, "title": "Nothing", "status": "completed", "result": {}},
        {"id": 3, "title": "Read", "instruction_file": "task.md", "status": "completed",
         "artifacts": ["made.py"]},
        {"id": 4, "title": "Failed", "status": "failed", "result": "y"},
    ]  # fmt: skip
    file = tmp_path / "queue.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_a_domain_is_written_as_training_reads_it_and_all_else_is_counted(
    filled: Program, tmp_path: Path
) -> None:
    file = tmp_path / "legal.jsonl"
    said = filled.run("memory", "extract", "--domain", "legal", "--output", str(file))
    assert [said.code, said.out, said.traceback] == [0, "", False]
    assert len(read_chat(file)) == 5
    assert file.stat().st_mode & 0o777 == 0o600
    assert KEY not in file.read_text()
    for line in (
        "8 memories looked at, 8 belong to legal, 5 written",
        "  by tags: 6 at 70 degrees or more, 1 below",
        "  by text: 1 at 70 degrees or more, 0 below",
        "  left out, sacred: 1",
        "  left out, too cold: 1",
        "  left out, no question: 1",
        "  question from first sentence: 5",
        "  sacred: 1, none taken (--sacred takes them)",
        f"{file}: 5 conversations; tui modes train --domain legal --data {file}",
    ):
        assert line in said.err.splitlines()
    assert "hot" not in said.err, "no text of a memory is told"


def test_thresholds_and_sacred_ones_are_the_operators_to_choose(filled: Program) -> None:
    said = filled.run("memory", "extract", "--domain", "legal", "--min-temperature", "40", "--sacred")
    about = [json.loads(line)["provenance"] for line in said.out.splitlines()]
    assert len(about) == 7
    assert [one["id"] for one in about if one["origin"] == "federation"] == ["9"]
    assert sum(one["sacred"] for one in about) == 1
    assert "sacred: 1, taken too" in said.err


def test_nothing_is_written_over_a_file_nor_into_a_folder_that_is_not_there(
    filled: Program, tmp_path: Path
) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("precious")
    refused = filled.run("memory", "extract", "--domain", "legal", "--output", str(file))
    assert [refused.code, refused.out, refused.traceback] == [1, "", False]
    assert "is there already: give another name" in refused.err
    assert file.read_text() == "precious"
    absent = filled.run(
        "memory", "extract", "--domain", "legal", "--output", str(tmp_path / "no" / "x.jsonl")
    )
    assert [absent.code, absent.traceback] == [1, False]
    assert "cannot be written" in absent.err


def test_nothing_to_learn_is_1_and_makes_no_file(filled: Program, tmp_path: Path) -> None:
    said = filled.run("memory", "extract", "--domain", "cherokee", "--output", str(tmp_path / "c.jsonl"))
    assert [said.code, said.out] == [1, ""]
    assert "there is nothing to learn of cherokee: nothing was written" in said.err
    assert "left out, sacred: 1" in said.err
    assert list(tmp_path.glob("*.jsonl")) == []


def test_work_that_is_proven_is_what_coding_is_learned_from(
    filled: Program, queue: Path, tmp_path: Path
) -> None:
    (tmp_path / "task.md").write_text("Read the file.")
    (tmp_path / "made.py").write_text("open('x').read()\n")
    said = filled.run(
        "memory", "extract", "--domain", "coding", "--queue", str(queue), "--files", str(tmp_path)
    )
    found = [json.loads(line) for line in said.out.splitlines()]
    assert [one["messages"][0]["content"] for one in found] == ["Sort it.", "Read the file."]
    assert f"4 rows of the queue ({queue}), 2 written" in said.err
    assert "left out, no proof of work: 1" in said.err
    assert "left out, not completed: 1" in said.err
    unnamed = filled.run("memory", "extract", "--domain", "coding")
    assert unnamed.code == 1
    assert "the queue was not read: no server is named, and no file (--queue)" in unnamed.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[1]\n", "line 1: not a JSON object"),
        (b"{}\nno\n", "line 2: not JSON"),
        (b"\xff", "not UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_a_queue_that_cannot_be_read_is_2(
    filled: Program, tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "queue.jsonl"
    if content is not None:
        file.write_bytes(content)
    for command in (("extract", "--domain", "coding"), ("audit",)):
        refused = filled.run("memory", *command, "--queue", str(file))
        assert [refused.code, refused.out, refused.traceback] == [2, "", False]
        assert said in refused.err


def test_the_audit_says_of_each_domain_whether_there_is_enough(filled: Program, queue: Path) -> None:
    said = filled.run("memory", "audit", "--queue", str(queue))
    assert [said.code, said.traceback] == [0, False]
    rows = {line.split()[0]: line.split() for line in said.out.splitlines()[1:4]}
    assert rows["legal"][:4] == ["legal", "missing", "8", "8"]
    assert rows["coding"][:3] == ["coding", "missing", "4"]
    assert "H2, there is enough training data: no: legal missing (5 conversations)" in said.out
    assert "good: 1,000 conversations" in said.out


def test_the_audit_as_json_says_what_was_not_read(filled: Program) -> None:
    said = filled.run("memory", "audit", "--json")
    found = json.loads(said.out)
    assert [said.code, found["schema"], found["enough"], found["jobs"]] == [0, 1, False, None]
    assert found["domains"]["legal"]["left_out"] == {"sacred": 1, "too cold": 1, "no question": 1}
    assert found["domains"]["coding"]["complete"] is False
    assert "the queue was not read" in said.err
