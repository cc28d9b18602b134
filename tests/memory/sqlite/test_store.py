"""What the store keeps, changes and forgets."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path

import pytest

from memory.contract import BadMemory, Wanted
from memory.draft import Draft
from memory.record import Memory, content_hash
from memory.sqlite import log
from memory.sqlite.store import MemoryStore
from memory.sqlite.writing import Counts
from memory.temperature import DAY
from tests.memory.sqlite.made import MODEL, Ticking, ids, query, row, vectors

ANY = Wanted(sacred=True)


def test_what_is_added_is_there_with_all_its_fields(store: MemoryStore, clock: Ticking) -> None:
    made = store.add(
        "Tea is at four.", temperature=70, domain="legal", tags=["a", "b"], sacred=True, kind="note",
        provenance="here", parent="L9", chunk=2, metadata={"k": [1, "ᏣᎳᎩ"]},
    )  # fmt: skip
    assert made == Memory(
        "L1", "Tea is at four.", 70, clock.now, clock.now, "local", content_hash("tea is at four."),
        sacred=True, domain="legal", tags=("a", "b"), kind="note", provenance="here", parent="L9", chunk=2,
        metadata={"k": [1, "ᏣᎳᎩ"]},
    )  # fmt: skip
    assert store.by_id(["L1"], None)[0].memory == made
    assert list(store.memories()) == [made]


def test_the_same_words_are_one_memory(store: MemoryStore) -> None:
    assert store.add("Tea  is AT four.") == store.add("tea is at four.", temperature=10)
    assert store.stats().memories == 1


@pytest.mark.parametrize("text", ["", "  \n", "\0"])
def test_nothing_is_no_memory(store: MemoryStore, text: str) -> None:
    with pytest.raises(BadMemory):
        store.add(text)


def test_a_number_is_never_given_twice(store: MemoryStore) -> None:
    first = store.add("one")
    assert store.forget(first.id)
    assert store.add("two").id == "L2"
    store.take_in([row("L3", "of another store", origin="local")])
    assert store.add("three").id not in {"L1", "L2", "L3"}


def test_a_fields_every_oddity_is_stored_or_mended(store: MemoryStore) -> None:
    odd = row("1", "a\0b \ud800 \x1b[31m \u202e", temperature=math.nan, access_count=10**30, tags=("\ud800",))
    assert store.take_in([odd]) == Counts(added=1)
    found = store.by_id(["1"], None)[0]
    assert found.memory.content == "ab \ufffd \x1b[31m \u202e"
    assert found.heat == 0
    assert store.take_in([odd]) == Counts(same=1)


def test_rows_of_650_kilobytes_are_kept_and_found(store: MemoryStore) -> None:
    store.take_in([row("1", "word " * 130_000 + "needle"), row("2", "needle")])
    assert ids(store.by_keyword("needle", None, ANY, 5)) == ["2", "1"]


def test_taking_in_counts_what_it_did_and_saves_the_mark(store: MemoryStore, clock: Ticking) -> None:
    rows = [row("1", "one"), row("2", "two"), row("3", "three")]
    assert store.take_in(rows[:2], ("sync:a", "2")) == Counts(added=2)
    assert store.take_in([rows[0], row("2", "two", temperature=60.0), rows[2]], ("sync:a", "3")) == Counts(
        1, 1, 1
    )
    assert (store.mark("sync:a"), store.mark("other"), store.marked_at("sync:a")) == ("3", None, clock.now)
    assert list(store.ids("federation")) == ["1", "2", "3"]
    assert store.stats().marks == {"sync": clock.now}


def test_one_bad_row_leaves_none_of_its_batch(store: MemoryStore) -> None:
    with pytest.raises(BadMemory):
        store.take_in([row("1", "one"), row("2", " ")], ("sync", "2"))
    assert (store.stats().memories, store.mark("sync")) == (0, None)


def test_a_changed_text_loses_its_vectors_and_old_words_and_keeps_pins(store: MemoryStore) -> None:
    store.take_in([row("1", "old words"), row("2", "other")])
    store.put_vectors(MODEL, ["1", "2"], vectors(2))
    store.pin("1", "talk", True)
    store.use(["1"], "talk")
    warm = store.by_id(["1"], None)[0].heat
    store.take_in([row("1", "new text"), row("2", "other", temperature=70.0)])
    assert ids(store.by_vector(query(vectors(2)[0]), ANY, 5)) == ["2"]
    assert store.lacking(MODEL, 5) == [("1", "new text")]
    assert ids(store.by_keyword("words", None, ANY, 5)) == []
    assert ids(store.by_keyword("text", None, ANY, 5)) == ["1"]
    assert (store.pinned("talk"), store.by_id(["1"], None)[0].heat) == (("1",), warm)


def test_what_is_dropped_is_gone_from_every_leg(store: MemoryStore) -> None:
    store.take_in([row("1", "tea"), row("2", "tea")])
    store.put_vectors(MODEL, ["1", "2"], vectors(2))
    assert store.drop(["1", "nobody"]) == 1
    assert ids(store.by_vector(query(vectors(2)[0]), ANY, 5)) == ["2"]
    assert ids(store.by_keyword("tea", None, ANY, 5)) == ["2"]
    assert store.by_id(["1"], None) == []


def test_a_forgotten_row_of_a_server_stays_hidden_when_it_comes_again(store: MemoryStore) -> None:
    store.take_in([row("1", "tea")])
    store.put_vectors(MODEL, ["1"], vectors(1))
    assert store.forget("1")
    assert not store.forget("nobody")
    for _ in range(2):
        assert store.by_vector(query(vectors(1)[0]), ANY, 5) == []
        assert store.by_keyword("tea", None, ANY, 5) == store.by_id(["1"], None) == []
        assert list(store.memories()) == []
        store.take_in([row("1", "tea again")])
        store.put_vectors(MODEL, ["1"], vectors(1))
        store.drop(["1"])
        store.take_in([row("1", "tea")])
        store.put_vectors(MODEL, ["1"], vectors(1))
    assert store.add("tea").origin == "local", "remembering it by hand is another matter"


def test_what_is_hidden_and_gone_is_not_counted_twice(store: MemoryStore) -> None:
    store.take_in([row("1", "tea"), row("2", "coffee"), row("3", "milk")])
    store.forget("1")
    store.forget("2")
    assert (store.count(), store.stats().hidden) == (1, 2)
    store.drop(["1"])
    assert (store.count(), store.stats().hidden) == (1, 1)
    store.drop(["2", "3"])
    assert (store.count(), store.stats().hidden) == (0, 0)


def test_what_is_retracted_is_no_candidate_until_it_is_current_again(store: MemoryStore) -> None:
    store.take_in([row("1", "tea")])
    store.put_vectors(MODEL, ["1"], vectors(1))
    for state, found in (("retracted", []), ("current", ["1"]), ("superseded", ["1"])):
        store.take_in([row("1", "tea", temporal_state=state)])
        assert ids(store.by_vector(query(vectors(1)[0]), ANY, 5)) == found
        assert ids(store.by_keyword("tea", None, ANY, 5)) == found


def test_parts_stand_for_a_long_text_and_go_with_it(store: MemoryStore) -> None:
    whole = Draft("first part. second part.", parts=(Draft("first part."), Draft("second part.")))
    assert store.add_all([whole]) == Counts(added=3)
    assert store.add_all([whole]) == Counts(same=3)
    found = store.by_keyword("part", None, ANY, 5)
    assert {(one.memory.id, one.memory.parent, one.memory.chunk) for one in found} == {
        ("L2", "L1", 0),
        ("L3", "L1", 1),
    }
    assert [one for one, _ in store.lacking(MODEL, 5)] == ["L2", "L3"]
    assert store.by_id(["L1"], None)[0].memory.content == whole.content
    assert store.forget("L1")
    assert store.stats().memories == 0


def test_one_use_a_conversation_heats(store: MemoryStore, clock: Ticking) -> None:
    ours = store.add("ours", temperature=45)
    store.take_in([row("1", "theirs", temperature=45.0)])
    for talk, heat in (("a", 49), ("a", 49), ("b", 52.6)):
        store.use([ours.id, "1", "nobody"], talk)
        assert [one.heat for one in store.by_id([ours.id, "1"], None)] == pytest.approx([heat, heat])
    memory = store.by_id([ours.id], None)[0].memory
    assert (memory.access_count, memory.last_access, memory.anchor_at) == (2, clock.now, clock.now)
    assert store.by_id(["1"], None)[0].memory.temperature == 45, "a server's row stays as it came"
    clock.now += 400 * DAY
    assert store.by_id(["1"], None)[0].heat == pytest.approx(45, abs=0.1)


def test_only_the_command_heats_above_85(store: MemoryStore, clock: Ticking) -> None:
    ours = store.add("ours", temperature=20)
    store.take_in([row("1", "theirs", temperature=45.0)])
    assert store.heat(ours.id, 99).temperature == 99
    store.use([ours.id], "talk")
    assert store.by_id([ours.id], None)[0].heat == 99
    store.heat("1", 97)
    assert store.by_id(["1"], None)[0].heat == 97
    for one, t in ((ours.id, math.nan), (ours.id, 101), ("1", 20), ("nobody", 50)):
        with pytest.raises(BadMemory):
            store.heat(one, t)


def test_pins_and_vetoes_are_a_conversations_own_and_exclude_each_other(
    store: MemoryStore, clock: Ticking
) -> None:
    for one in ("2", "1", "3"):
        clock.now += 1
        store.pin(one, "talk", True)
    store.veto("1", "talk", True)
    store.pin("3", "talk", False)
    store.veto("2", "talk", False)
    assert (store.pinned("talk"), store.vetoed("talk"), store.pinned("other")) == (("2",), ("1",), ())


def test_the_log_is_bounded_and_holds_no_text(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "KEPT", 3)
    store = MemoryStore.open(path)
    for number in range(5):
        store.note([(f"{number}", 0.5)], 2.0)
    store.close()
    db = sqlite3.connect(path)
    assert [shown for (shown,) in db.execute("SELECT shown FROM retrieval_log")] == [
        f'[["{number}", 0.5]]' for number in (2, 3, 4)
    ]
    assert {name for (_, name, *_) in db.execute("PRAGMA table_info (retrieval_log)")} == {
        "seq", "at", "milliseconds", "shown",
    }  # fmt: skip
    db.close()


def test_stats_count_by_origin_stage_domain_and_model(store: MemoryStore) -> None:
    store.take_in(
        [row("1", "one", temperature=95.0, domain="legal"), row("2", "two", temporal_state="retracted")]
    )
    store.put_vectors(MODEL, ["1"], vectors(1))
    store.add("ours")
    stats = store.stats()
    assert (stats.memories, stats.recallable, stats.origins) == (3, 2, {"federation": 2, "local": 1})
    assert stats.stages == {"white hot": 1, "warm": 1, "red hot": 1}
    assert stats.domains == {"legal": 1, None: 2}
    assert stats.models == {MODEL: (1, 8)}
    assert stats.bytes > 0


def test_words_are_kept_redacted(path: Path) -> None:
    store = MemoryStore.open(path, redact=lambda text: text.replace("hunter2", ""))
    store.add("the password is hunter2")
    assert store.by_keyword("hunter2", None, ANY, 5) == []
    assert ids(store.by_keyword("password", None, ANY, 5)) == ["L1"]
    store.close()
