"""``tui memory import``: counted, resumable, and what cannot be read is told."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from memory.sqlite.store import MemoryStore
from tests.tui.program import Program, outcome


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text("# Roof\n\nThe roof of the barn leaks.\n")
    (folder / "b.txt").write_text("Bread is baked on Fridays.\n")
    rows = [{"content": f"Row {number} of the table.", "tags": ["row"]} for number in range(3)]
    (folder / "c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_folder_is_taken_in_counted_and_not_twice(
    remembering: Program, kept: MemoryStore, notes: Path
) -> None:
    said = remembering.run(
        "memory", "import", str(notes), "--domain", "house", "--tag", "old", "--temperature", "60"
    )
    assert [said.code, said.traceback] == [0, False]
    assert said.out == "3 files: 5 added, 0 superseded, 0 there already\n"
    assert "tui memory embed" in said.err
    found = list(kept.memories())
    assert {one.domain for one in found} == {"house"}
    assert {one.temperature for one in found} == {60.0}
    again = remembering.run("memory", "import", str(notes))
    assert again.out == "3 files (3 of them were in already): 0 added, 0 superseded, 0 there already\n"


def test_what_an_edited_file_says_no_longer_is_superseded_or_kept(
    remembering: Program, kept: MemoryStore, notes: Path
) -> None:
    remembering.run("memory", "import", str(notes))
    (notes / "a.md").write_text("# Roof\n\nThe roof of the barn is mended.\n")
    said = remembering.run("memory", "import", str(notes))
    assert said.out == "3 files (2 of them were in already): 1 added, 1 superseded, 0 there already\n"
    assert "leaks" not in remembering.run("memory", "search", "roof of the barn").out
    (notes / "a.md").write_text("# Roof\n\nThe roof of the barn is red.\n")
    said = remembering.run("memory", "import", str(notes), "--keep-former")
    assert said.out == "3 files (2 of them were in already): 1 added, 0 superseded, 0 there already\n"
    found = remembering.run("memory", "search", "roof of the barn").out
    assert "mended" in found
    assert "is red" in found
    assert len(list(kept.memories())) == 7


def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_taken_in(
    remembering: Program, kept: MemoryStore, notes: Path
) -> None:
    (notes / "bad.txt").write_bytes(b"caf\xe9")
    said = remembering.run("memory", "import", str(notes))
    assert [said.code, said.traceback] == [1, False]
    assert f"left out: {notes / 'bad.txt'}" in said.err
    assert len(list(kept.memories())) == 5


def test_the_name_of_a_file_steers_no_terminal(remembering: Program, kept: MemoryStore, notes: Path) -> None:
    (notes / "\x1b]0;yours\x07\x1b[2J.txt").write_bytes(b"caf\xe9")
    said = remembering.run("memory", "import", str(notes))
    assert "/.txt, byte 3: not UTF-8" in said.err
    assert not {"\x1b", "\x07"} & {*said.out, *said.err}


def test_a_path_that_is_not_there_is_2_and_what_came_before_it_is_kept(
    remembering: Program, kept: MemoryStore, notes: Path
) -> None:
    said = remembering.run("memory", "import", str(notes), str(notes / "absent"))
    assert [said.code, said.out, said.traceback] == [2, "", False]
    assert "5 added, 0 superseded, 0 there already until then, and kept" in said.err
    assert "absent" in said.err
    assert len(list(kept.memories())) == 5


def test_interrupted_it_keeps_what_is_in_and_the_same_command_goes_on(
    remembering: Program, kept: MemoryStore, tmp_path: Path
) -> None:
    file, count = tmp_path / "many.jsonl", 20_000
    file.write_text(
        "".join(json.dumps({"content": f"Row {number} of the long table."}) + "\n" for number in range(count))
    )
    process = remembering.start("memory", "import", str(file))
    end = time.monotonic() + 40
    while not kept.stats().memories and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    done = outcome(process, 60)
    assert [done.code, done.traceback] == [130, False], done.err
    assert "interrupted: what was done is kept, the same command goes on" in done.err
    before = kept.stats().memories
    assert 0 < before < count
    rest = remembering.run("memory", "import", str(file))
    assert rest.out == f"1 file: {count - before:,} added, 0 superseded, 0 there already\n"
    assert kept.stats().memories == count
