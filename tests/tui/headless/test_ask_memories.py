"""``tui ask`` with memories: what it recalls, what it prints of that, and what it leaves alone."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.tui.core.remembered import HARBOUR, remember
from tests.tui.program import ENDLESS, Program

QUESTION = "Which colour does the harbour master of Ettersby paint every boat?"


def logged(file: Path) -> int:
    with closing(sqlite3.connect(file)) as db:
        return int(db.execute("SELECT count(*) FROM retrieval_log").fetchone()[0])


def test_an_answer_says_which_memories_it_was_written_with_and_keeps_them(program: Program) -> None:
    file = program.data / "memories.sqlite3"
    remember(file, HARBOUR)
    said = program.ask("--json", QUESTION)
    assert said.code == 0
    (one,) = json.loads(said.out)["memories"]
    assert [one["id"], one["stage"], one["text"]] == ["L1", "red hot", HARBOUR]
    assert 84 < one["temperature"] <= 85 and 0 < one["relevance"] <= 1 and one["tokens"] > 5
    ((_, answer),) = program.talks()
    assert answer.memories is not None and HARBOUR in answer.memories.block
    assert logged(file) == 1


def test_without_memory_nothing_is_recalled_and_what_was_shown_before_is_still_read(program: Program) -> None:
    file = program.data / "memories.sqlite3"
    remember(file, HARBOUR)
    assert json.loads(program.ask("--json", "--no-memory", QUESTION).out)["memories"] == []
    assert logged(file) == 0
    first = json.loads(program.ask("--json", QUESTION).out)
    second = json.loads(program.ask("--json", "--resume", "latest", "--no-memory", QUESTION).out)
    assert second["memories"] == []
    assert second["usage"]["prompt_tokens"] > first["usage"]["prompt_tokens"]


def test_what_is_not_to_be_saved_leaves_no_trace_among_the_memories_either(program: Program) -> None:
    file = program.data / "memories.sqlite3"
    remember(file, HARBOUR)
    assert len(json.loads(program.ask("--json", "--no-save", QUESTION).out)["memories"]) == 1
    assert logged(file) == 0


def test_a_damaged_store_is_told_and_the_question_is_answered(program: Program) -> None:
    damaged = b"no database at all" * 100
    (program.data / "memories.sqlite3").write_bytes(damaged)
    said = program.ask("hi")
    assert [said.code, said.traceback] == [0, False]
    assert said.out.strip() and said.err.count("memories.sqlite3") == 1
    assert (program.data / "memories.sqlite3").read_bytes() == damaged


def test_where_there_are_no_memories_no_store_is_made(program: Program) -> None:
    assert program.ask("--memory", "hi").code == 0
    assert not list(program.data.glob("memories*"))


def test_a_program_that_is_killed_in_mid_answer_leaves_what_it_showed_and_a_sound_store(
    program: Program,
) -> None:
    file = program.data / "memories.sqlite3"
    remember(file, "The fox of the river story has many chapters: a very long tale of a fox.")
    process = program.start("ask", "--temperature", "0", ENDLESS)
    assert process.stdout is not None
    assert process.stdout.read(1)
    process.kill()
    process.communicate()
    ((_, answer),) = program.talks()
    assert answer.status == "interrupted"
    assert answer.memories is not None and "fox of the river" in answer.memories.block
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
