"""A file that was edited and is imported again: what it says now is recalled, and what it said is kept."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from memory.contract import Wanted
from memory.importing.run import import_path
from memory.record import Memory
from memory.sqlite import schema
from memory.sqlite.store import MemoryStore
from memory.sqlite.writing import Counts

ROOF, GATE, WELL = "The roof leaks.", "The gate is green.", "The well is deep."
_times = count(1)


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    made = MemoryStore.open(None)
    yield made
    made.close()


def sections(file: Path, *texts: str) -> Path:
    """A Markdown file with a heading over every text, newer than it was before."""
    file.write_text("".join(f"# {text.split()[1]}\n\n{text}\n\n" for text in texts), "utf-8")
    os.utime(file, (next(_times),) * 2)
    return file


def plain(file: Path, text: str) -> Path:
    file.write_text(text, "utf-8")
    os.utime(file, (next(_times),) * 2)
    return file


def recalled(store: MemoryStore, words: str = "the") -> list[str]:
    """Last lines of all memories that ``words`` find."""
    found = store.by_keyword(words, None, Wanted(), 50)
    return sorted(one.memory.content.splitlines()[-1] for one in found)


def called(store: MemoryStore, text: str) -> Memory:
    """The newest memory that says ``text`` and nothing else, under its heading or without one."""
    headed = f"{text.split()[1]}\n\n{text}"
    return [one for one in store.memories() if one.content in (text, headed)][-1]


def test_an_edited_section_takes_the_place_of_what_it_said(store: MemoryStore, tmp_path: Path) -> None:
    file = sections(tmp_path / "farm.md", ROOF, GATE)
    import_path(store, file)
    gate, roof = called(store, GATE), called(store, ROOF)
    store.heat(gate.id, 95)
    sections(file, "The roof is mended.", GATE)
    assert import_path(store, file).counts == Counts(added=2, same=1, superseded=1)
    assert recalled(store) == [GATE, "The roof is mended."]
    old = store.by_id([roof.id], None)[0].memory
    new = called(store, "The roof is mended.")
    assert (old.content, old.temporal_state, old.superseded_by) == (roof.content, "superseded", new.parent)
    kept = store.by_id([gate.id], None)[0]
    assert (round(kept.heat), kept.memory.parent, kept.memory.chunk) == (95, new.parent, 1)


def test_a_section_that_was_taken_out_is_recalled_no_longer(store: MemoryStore, tmp_path: Path) -> None:
    file = sections(tmp_path / "farm.md", ROOF, GATE, WELL)
    import_path(store, file)
    import_path(store, sections(file, ROOF, WELL))
    assert recalled(store) == [ROOF, WELL]
    import_path(store, plain(file, ROOF))
    assert recalled(store) == [ROOF]
    assert store.stats().recallable == 1


def test_what_is_said_again_is_recalled_again(store: MemoryStore, tmp_path: Path) -> None:
    file = tmp_path / "farm.md"
    for texts in ((ROOF, GATE), (ROOF, WELL), (ROOF, GATE), (ROOF, WELL)):
        import_path(store, sections(file, *texts))
        assert recalled(store) == sorted(texts)


def test_a_short_text_is_renewed_as_a_whole(store: MemoryStore, tmp_path: Path) -> None:
    file = plain(tmp_path / "farm.txt", ROOF)
    import_path(store, file)
    assert import_path(store, plain(file, GATE)).counts == Counts(added=1, superseded=1)
    assert recalled(store) == [GATE]
    assert import_path(store, plain(file, GATE)).counts == Counts(same=1), "only its time is another"


def test_what_two_files_say_stays_until_neither_does(store: MemoryStore, tmp_path: Path) -> None:
    one, two = sections(tmp_path / "1.md", ROOF, GATE), sections(tmp_path / "2.md", WELL, GATE)
    import_path(store, tmp_path)
    gate = called(store, GATE)
    import_path(store, sections(one, ROOF, "The path is wet."))
    assert GATE in recalled(store)
    assert called(store, GATE).id == gate.id
    assert called(store, GATE).provenance == f"{two} # gate"
    assert called(store, GATE).parent == called(store, WELL).parent
    import_path(store, sections(two, WELL, "The path is dry."))
    assert recalled(store) == ["The path is dry.", "The path is wet.", ROOF, WELL]


def test_whole_files_of_the_same_words_are_renewed_one_by_one(store: MemoryStore, tmp_path: Path) -> None:
    one, two = plain(tmp_path / "1.txt", ROOF), plain(tmp_path / "2.txt", ROOF)
    import_path(store, tmp_path)
    import_path(store, plain(one, GATE))
    assert recalled(store) == [GATE, ROOF]
    assert called(store, ROOF).provenance == str(two)
    import_path(store, plain(two, GATE))
    assert recalled(store) == [GATE]
    import_path(store, plain(two, WELL))
    assert recalled(store) == [GATE, WELL]


def test_forgetting_a_text_leaves_what_another_file_says_too(store: MemoryStore, tmp_path: Path) -> None:
    sections(tmp_path / "1.md", ROOF, GATE)
    sections(tmp_path / "2.md", WELL, GATE)
    import_path(store, tmp_path)
    whole = called(store, ROOF).parent
    assert whole is not None
    assert store.forget(whole)
    assert recalled(store) == [GATE, WELL]
    other = called(store, WELL).parent
    assert other is not None
    assert store.forget(other)
    assert store.stats().memories == 0


def test_a_section_that_stands_twice_in_a_file_is_left_to_the_other_file_too(
    store: MemoryStore, tmp_path: Path
) -> None:
    file = plain(tmp_path / "1.txt", f"{ROOF}\n\n{'x ' * 350}\n\n" + f"{GATE * 40}\n\n" * 2)
    import_path(store, file)
    import_path(store, plain(tmp_path / "2.txt", f"{WELL * 40}\n\n{GATE * 40}\n"))
    whole = store.by_keyword("roof", None, Wanted(), 5)[0].memory.parent
    assert whole is not None
    twice = [one for one in store.memories() if one.content == GATE * 40]
    assert [one.parent for one in twice] == [whole]
    assert store.forget(whole)
    assert [one.memory.id for one in store.by_keyword("gate", None, Wanted(), 5)] == [twice[0].id]


def test_forgetting_a_text_forgets_all_that_it_said_before(store: MemoryStore, tmp_path: Path) -> None:
    file = tmp_path / "farm.md"
    for number in range(20):
        import_path(store, sections(file, ROOF, f"The well is {number} deep."))
    whole = called(store, ROOF).parent
    assert whole is not None
    assert store.stats().memories == 20 + 20 + 1
    assert store.forget(whole)
    assert store.stats().memories == 0


def test_what_was_said_before_can_be_kept_too(store: MemoryStore, tmp_path: Path) -> None:
    file = plain(tmp_path / "log.txt", ROOF)
    import_path(store, file)
    assert import_path(store, plain(file, GATE), renew=False).counts == Counts(added=1)
    assert recalled(store) == [GATE, ROOF]


def test_copies_of_a_file_are_renewed_one_by_one_too(store: MemoryStore, tmp_path: Path) -> None:
    one, two = sections(tmp_path / "1.md", ROOF, GATE), sections(tmp_path / "2.md", ROOF, GATE)
    import_path(store, tmp_path)
    import_path(store, sections(one, ROOF, WELL))
    assert recalled(store) == [GATE, ROOF, WELL]
    import_path(store, sections(one, WELL, "The path is wet."))
    assert recalled(store) == [GATE, "The path is wet.", ROOF, WELL], "the copy says them still"
    import_path(store, sections(two, GATE))
    assert recalled(store) == [GATE, "The path is wet.", WELL]


def test_what_somebody_typed_stays_though_a_file_said_it_first(store: MemoryStore, tmp_path: Path) -> None:
    file = sections(tmp_path / "farm.md", ROOF, GATE)
    import_path(store, file)
    gate = called(store, GATE)
    assert store.add(gate.content).id == gate.id
    import_path(store, sections(file, ROOF, WELL))
    assert recalled(store) == [GATE, ROOF, WELL]
    assert (called(store, GATE).parent, called(store, GATE).provenance) == (None, None)
    whole = called(store, ROOF).parent
    assert whole is not None
    assert store.forget(whole)
    assert recalled(store) == [GATE]


def test_lines_of_a_table_and_what_was_typed_stay(store: MemoryStore, tmp_path: Path) -> None:
    store.add(WELL)
    file = plain(tmp_path / "rows.jsonl", '{"text": "The roof leaks."}\n')
    import_path(store, file)
    assert import_path(store, plain(file, '{"text": "The gate is green."}\n')).counts == Counts(added=1)
    assert recalled(store) == sorted([ROOF, GATE, WELL])


def test_a_file_imported_before_this_was_known_is_renewed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, file = tmp_path / "store", sections(tmp_path / "farm.md", ROOF, GATE)
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        MemoryStore.open(place).close()
    db = sqlite3.connect(place)
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    columns = (
        "id, recallable, divided, sacred, temperature, anchor_at, created_at, origin, hash, access_count, "
        "tags, temporal_state, canonical, provenance, metadata, content, parent, chunk"
    )
    for row in (
        ("L1", 0, 1, 0, 85, 0, 0, "local", "w", 0, "[]", "current", 0, str(file), "{}", "whole", None, None),
        ("L2", 0, 0, 0, 85, 0, 0, "local", "p", 0, "[]", "current", 0, f"{file} # x", "{}", "old", "L1", 0),
    ):
        db.execute(f"INSERT INTO memory ({columns}) VALUES ({', '.join('?' * 18)})", row)
    db.commit()
    db.close()
    store = MemoryStore.open(place)
    import_path(store, file)
    assert {one.temporal_state for one in store.memories() if one.id in ("L1", "L2")} == {"superseded"}
    assert recalled(store) == [GATE, ROOF]
    store.close()
