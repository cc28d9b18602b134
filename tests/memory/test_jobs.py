"""Work from a queue as training data: "completed" is no proof of work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from memory.extract import LONGEST
from memory.jobs import JobExtraction, job_from, job_line, reader


def row(**more: Any) -> dict[str, Any]:
    return {
        "id": 7, "title": "Sort a list", "instruction_content": "Sort the list in place.",
        "instruction_file": None,
        "result": {"output": "items.sort()"}, "status": "completed", "artifacts": None, "error_message": None,
        "completed_at": "2026-02-01 10:00:00", **more,
    }  # fmt: skip


def left_out(**more: Any) -> str | None:
    one = JobExtraction(clean=str)
    found = list(one.done([job_from(row(**more))]))
    return None if found else next(iter(one.tally.left_out))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, None),
        ({"status": "failed"}, "not completed"),
        ({"status": None}, "not completed"),
        ({"error_message": "out of memory"}, "it has an error"),
        ({"error_message": "  "}, None),
        ({"result": None}, "no proof of work"),
        ({"result": {}}, "no proof of work"),
        ({"result": "  "}, "no proof of work"),
        ({"result": {"status": "ok", "duration": 3}}, "no proof of work"),
        ({"result": [], "artifacts": []}, "no proof of work"),
        ({"result": {"summary": "done", "files": 3}}, "no text of what was done"),
        ({"result": "ok"}, "no text of what was done"),
        ({"result": None, "artifacts": ["made.py"]}, "no text of what was done"),
        ({"instruction_content": None, "title": ""}, "no instruction"),
        ({"result": "x = 1\n" * LONGEST}, "too long"),
    ],
)
def test_only_work_that_left_something_and_has_no_error_is_learned_from(
    more: dict[str, Any], why: str | None
) -> None:
    assert left_out(**more) == why


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("items.sort()", "items.sort()"),
        ('{"output": "items.sort()"}', "items.sort()"),
        ({"status": "ok", "summary": "Done.", "code": "items.sort()"}, "items.sort()"),
        ({"result": {"output": "items.sort()"}}, "items.sort()"),
        ([{"output": "a = 1"}, "b = 2"], "a = 1\nb = 2"),
        ({"files": ["a.py"], "ok": True}, '{\n "files": [\n  "a.py"\n ]\n}'),
        ("{not json", "{not json"),
    ],
)
def test_the_answer_is_what_the_result_says(result: Any, said: str) -> None:
    assert job_from(row(result=result)).said == said


def test_the_same_work_is_learned_once() -> None:
    one = JobExtraction(clean=str)
    assert len(list(one.done([job_from(row(id=number)) for number in range(3)]))) == 1
    assert [one.tally.seen, one.tally.written, dict(one.tally.left_out)] == [3, 1, {"twice": 2}]


def test_files_are_read_beneath_the_folder_that_was_named_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("secret")
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "task.md").write_text("Sort it, and say how.")
    (folder / "made.py").write_text("items.sort()\n")
    (folder / "link.md").symlink_to(tmp_path / "outside.md")
    (folder / "big.md").write_text("x" * (LONGEST + 1))
    (folder / "bytes.md").write_bytes(b"\xff\xfe")
    read = reader(folder)
    assert read("task.md") == read("/task.md") == "Sort it, and say how."
    for name in (
        "../outside.md",
        "link.md",
        "big.md",
        "bytes.md",
        "absent",
        ".",
        "a\0b",
        str(tmp_path / "outside.md"),
    ):
        assert read(name) is None, name
    assert reader(None)("task.md") is None
    one = JobExtraction(read, clean=str)
    job = job_from(
        row(instruction_content=None, instruction_file="task.md", result=None, artifacts=["x/../made.py"])
    )
    (done,) = one.done([job])
    assert [done.question, done.answer] == ["Sort it, and say how.", "made.py:\n```\nitems.sort()\n```"]
    assert dict(one.tally.made_of) == {"instruction file, artifacts": 1}
    assert job_line(done)["provenance"]["artifacts"] == ["x/../made.py"]


def test_without_its_instruction_the_title_is_what_was_asked() -> None:
    one = JobExtraction(clean=str)
    (done,) = one.done([job_from(row(instruction_content=None, instruction_file="gone.md"))])
    assert [done.question, done.asked_by] == ["Sort a list", "title"]


def test_a_row_of_other_types_is_no_failure() -> None:
    job = job_from({"id": None, "title": 3, "result": 5, "artifacts": "a.py", "status": 1})
    assert [job.title, job.said, job.artifacts] == ["", "", ()]
