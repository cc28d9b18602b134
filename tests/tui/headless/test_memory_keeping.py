"""``tui memory add``, ``heat``, ``forget``, ``stats``: what is kept, and every way to be refused."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from memory.record import Memory
from memory.sqlite.store import MemoryStore
from tests.tui.program import Program
from tui.core.paths import our_data
from tui.core.remembering import open_store


def memories(program: Program) -> list[Memory]:
    with closing(open_store(program.data)) as store:
        return list(store.memories())


def test_a_text_is_remembered_with_all_that_is_said_of_it(remembering: Program) -> None:
    said = remembering.run(
        *("memory", "add", "The roof leaks.", "--domain", "house", "--tag", "roof", "--tag", "rain"),
        *("--temperature", "97", "--sacred"),
    )
    assert [said.code, said.out, said.err] == [0, "L1\n", ""]
    (one,) = memories(remembering)
    assert [one.content, one.domain, one.tags] == ["The roof leaks.", "house", ("roof", "rain")]
    assert [one.temperature, one.sacred, one.provenance] == [97.0, True, "tui memory add"]
    files = our_data(remembering.data)
    assert files and set(files) == set(remembering.data.iterdir()), "what we write is known as ours"
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


@pytest.mark.parametrize("argument", [(), ("-",)])
def test_standard_input_is_remembered_too(remembering: Program, argument: tuple[str, ...]) -> None:
    said = remembering.run("memory", "add", *argument, stdin="ᎣᏏᏲ\nHello.\n".encode())
    assert [said.code, said.err] == [0, ""]
    assert [one.content for one in memories(remembering)] == ["ᎣᏏᏲ\nHello."]


def test_the_same_words_are_remembered_once(remembering: Program, kept: MemoryStore) -> None:
    kept._writing._clock = lambda: 1000.0  # a long time ago
    kept.add("The roof leaks.", domain="house")
    said = remembering.run("memory", "add", "the  roof LEAKS.", "--domain", "other")
    assert [said.code, said.out] == [0, "L1\n"]
    assert "remembered already, as L1" in said.err
    assert [one.domain for one in kept.memories()] == ["house"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("add", ""), b"", "there is no text to remember"),
        (("add",), b"", "give it as an argument or on standard input"),
        (("add",), b"\xff\xfe", "not UTF-8"),
        (("add", "x", "--temperature", "101"), b"", "0<=x<=100"),
        (("heat", "L9", "50"), b"", "L9"),
        (("heat", "L1", "101"), b"", "0<=x<=100"),
        (("forget", "L9"), b"", "there is no memory L9: tui memory search finds ids"),
        (("extract", "--domain", "poetry"), b"", "'poetry' is not one of"),
        (("sync",), b"", "no server is named: set memory_server"),
    ],
)
def test_what_cannot_be_meant_is_2_and_says_what_would_be_right(
    remembering: Program, arguments: tuple[str, ...], stdin: bytes, said: str
) -> None:
    refused = remembering.run("memory", *arguments, stdin=stdin)
    assert [refused.code, refused.out, refused.traceback] == [2, "", False]
    assert said in refused.err


def test_a_store_that_cannot_be_used_is_4_and_stays_as_it_is(remembering: Program) -> None:
    file = remembering.data / "memories.sqlite3"
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    for arguments in (
        ("add", "x"),
        ("stats",),
        ("search", "x"),
        ("audit",),
        ("forget", "L1"),
        ("import", "/tmp"),
    ):
        refused = remembering.run("memory", *arguments)
        assert [refused.code, refused.out, refused.traceback] == [4, "", False]
        assert str(file) in refused.err
    assert file.read_bytes() == before
    (remembering.data / "file").write_text("in the way")
    blocked = remembering.run(
        "memory", "add", "x", MODESHARE_DATA_DIR=str(remembering.data / "file" / "data")
    )
    assert [blocked.code, "MODESHARE_DATA_DIR" in blocked.err] == [4, True]


def test_a_memory_is_heated_and_forgotten_by_its_id(remembering: Program, kept: MemoryStore) -> None:
    kept.add("The roof leaks.")
    heated = remembering.run("memory", "heat", "#L1", "95")
    assert [heated.code, heated.out] == [0, "L1 is white hot now, at 95 degrees\n"]
    gone = remembering.run("memory", "forget", "L1")
    assert [gone.code, gone.out] == [0, "L1 is deleted\n"]
    assert list(kept.memories()) == []


def test_a_servers_memory_is_hidden_here_and_not_deleted(remembering: Program, kept: MemoryStore) -> None:
    kept.take_in([Memory("77", "The roof leaks.", 70.0, 0.0, 0.0, origin="federation")])
    gone = remembering.run("memory", "forget", "77")
    assert [gone.code, gone.out] == [0, "77 is hidden here; the server's row stays as it is\n"]
    assert [list(kept.memories()), kept.stats().hidden] == [[], 1]


def test_what_there_is_is_counted_and_nothing_is_made_for_it(remembering: Program) -> None:
    nothing = remembering.run("memory", "stats", "--json")
    assert [nothing.code, json.loads(nothing.out)["memories"]] == [0, 0]
    assert list(remembering.data.iterdir()) == []
    with closing(open_store(remembering.data)) as store:
        store.add("One.", domain="legal")
        store.add("Two.", temperature=20.0)
        store.take_in([Memory("7", "Three.", 70.0, 0.0, 0.0, origin="federation")])
    found = json.loads(remembering.run("memory", "stats", "--json").out)
    assert [found["schema"], found["memories"], found["recallable"]] == [1, 3, 3]
    assert found["origins"] == {"local": 2, "federation": 1}
    assert found["stages"] == {"red hot": 1, "cold": 1, "hot": 1}
    assert found["domains"] == {"legal": 1, "": 2}
    said = remembering.run("memory", "stats").out
    assert f"3 in {remembering.data / 'memories.sqlite3'}" in said
    assert "local 2, federation 1" in said
    assert "none: found by keywords only (tui memory embed)" in said
