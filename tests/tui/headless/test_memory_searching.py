"""``tui memory search``: what is recalled, with why, and nothing that steers a terminal."""

from __future__ import annotations

import json

import pytest

from memory.recall.recall import MOST
from memory.sqlite.store import MemoryStore
from tests.tui.program import Program

LEAK = "The roof of the northern barn leaks since the storm in March."


@pytest.fixture
def filled(remembering: Program, kept: MemoryStore) -> Program:
    kept.add(LEAK, domain="house", temperature=70.0)
    kept.add("Bread is baked on Fridays, two loaves for the week.", domain="kitchen")
    kept.add("The barn key hangs \x1b[31mbehind\x1b[0m the northern door of the barn.", sacred=True)
    return remembering


def test_a_memory_is_shown_with_its_id_stage_temperature_and_relevance(filled: Program) -> None:
    said = filled.run("memory", "search", "which barn roof leaks?")
    assert said.code == 0
    head, row, *_ = said.out.splitlines()
    assert head.split() == ["id", "stage", "temp", "relevance", "domain"]
    assert row.startswith("#L1  hot    70")
    assert row.endswith(LEAK)
    assert "\x1b" not in said.out + said.err


def test_the_same_as_one_object_for_programs(filled: Program) -> None:
    said = filled.run("memory", "search", "--json", "--sacred", "the northern barn")
    found = json.loads(said.out)
    assert [said.code, found["schema"], found["abstained"]] == [0, 1, False]
    assert {one["id"] for one in found["memories"]} == {"L1", "L3"}
    for one in found["memories"]:
        assert set(one) == {"id", "temperature", "stage", "relevance", "domain", "text"}
        assert 0 < one["relevance"] <= 1
        assert "\x1b" not in one["text"]
    assert found["milliseconds"] > 0


def test_sacred_ones_and_other_domains_are_shown_when_they_are_asked_for(filled: Program) -> None:
    def ids(*more: str) -> set[str]:
        found = json.loads(filled.run("memory", "search", "--json", "the northern barn", *more).out)
        return {one["id"] for one in found["memories"]}

    assert ids() == {"L1"}
    assert ids("--domain", "kitchen") == set()
    assert ids("--domain", "house") == {"L1"}
    assert ids("--sacred") == {"L1", "L3"}
    assert len(ids("--sacred", "--limit", "1")) == 1


def test_more_than_a_recall_shows_cannot_be_asked_for(filled: Program) -> None:
    assert filled.run("memory", "search", "barn roof", "--limit", str(MOST)).code == 0
    said = filled.run("memory", "search", "barn roof", "--limit", str(MOST + 1))
    assert [said.code, said.out] == [2, ""]
    assert "1<=x<=5" in said.err


def test_nothing_found_is_said_and_no_failure(filled: Program, remembering: Program) -> None:
    said = filled.run("memory", "search", "zebra quantum")
    assert [said.code, said.out] == [0, "nothing is remembered of that\n"]


def test_where_nothing_was_ever_remembered_nothing_is_made(remembering: Program) -> None:
    said = remembering.run("memory", "search", "anything")
    assert [said.code, said.out] == [0, "nothing is remembered of that\n"]
    assert list(remembering.data.iterdir()) == []


def test_no_question_is_kept_in_the_store(filled: Program) -> None:
    assert filled.run("memory", "search", "barn xylophone").code == 0
    everything = b"".join(file.read_bytes() for file in filled.data.iterdir())
    assert b"xylophone" not in everything


def test_without_a_vector_in_the_store_no_model_is_loaded(filled: Program) -> None:
    said = filled.run("memory", "search", "barn roof", MODESHARE_EMBEDDER="local")
    assert said.code == 0
    assert "by keywords only: nothing has an embedding by this model yet (tui memory embed)" in said.err
