"""The vector leg against a plain sort, through everything that may change beneath it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memory.contract import BadMemory, MemoryUnavailable, Wanted
from memory.sqlite import candidates, mapped, matrix
from memory.sqlite import vectors as leg
from memory.sqlite.connections import Connections
from memory.sqlite.mapped import file_of
from memory.sqlite.store import MemoryStore
from tests.memory.sqlite.made import DIM, MODEL, Ticking, ids, query, row, vectors

ANY = Wanted(sacred=True)
DOMAINS = ("legal", "policy", None, "cultural")


def fill(store: MemoryStore, n: int, begin: int = 0) -> None:
    names = [f"{number:05}" for number in range(begin, begin + n)]
    store.take_in(
        row(name, f"text {name}", domain=DOMAINS[int(name) % 4], sacred=int(name) % 7 == 0) for name in names
    )
    store.put_vectors(MODEL, names, vectors(n, seed=begin))


def expected(asked: np.ndarray, n: int, wanted: Wanted, count: int) -> list[str]:
    cosines = vectors(n) @ asked
    may = [
        number
        for number in range(n)
        if (not wanted.domains or DOMAINS[number % 4] in wanted.domains)
        and (wanted.sacred or number % 7)
        and f"{number:05}" not in wanted.excluded
    ]
    return [f"{number:05}" for number in sorted(may, key=lambda number: -cosines[number])[:count]]


@pytest.fixture(params=["in main memory", "mapped"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same for a store whose vectors are mapped from a file, in chunks of a few rows, by two threads."""
    if request.param == "mapped":
        monkeypatch.setattr(leg, "MAPPED_FROM", 0)
        monkeypatch.setattr(matrix, "CHUNK", 64)
        monkeypatch.setattr(matrix, "SHARED_FROM", 100)
    return str(request.param)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(), ANY, Wanted(("policy",)), Wanted(("policy", "legal"), True), Wanted(("nowhere",)),
        Wanted(excluded=frozenset(f"{number:05}" for number in range(0, 400, 3))),
    ],
)  # fmt: skip
def test_the_nearest_come_first_and_a_filter_applies_before_the_count(path: Path, wanted: Wanted) -> None:
    store = MemoryStore.open(path)
    fill(store, 500)
    for asked in vectors(5, seed=9):
        found = store.by_vector(query(asked), wanted, 20)
        assert ids(found) == expected(asked, 500, wanted, 20)
        for one in found:
            assert one.vector is not None and one.cosine == pytest.approx(float(one.vector @ asked), abs=1e-6)
    store.close()


@pytest.mark.usefixtures("kept")
def test_what_others_write_is_seen_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leg, "TAIL", 30)
    ours, theirs = MemoryStore.open(path), MemoryStore.open(path)
    fill(ours, 100)
    asked = query(vectors(1, seed=5)[0])
    assert len(ours.by_vector(asked, ANY, 500)) == len(theirs.by_vector(asked, ANY, 500)) == 100
    for begin in (100, 110, 120, 180):
        fill(theirs, 10 if begin < 120 else 60, begin)
        assert ids(ours.by_vector(asked, ANY, 500)) == ids(theirs.by_vector(asked, ANY, 500))
        assert len(ours.by_vector(asked, ANY, 500)) == ours.stats().memories
    theirs.drop(["00003"])
    theirs.put_vectors(MODEL, ["00004"], asked.values[None])
    theirs.take_in([row("00005", "text 00005", domain="new", sacred=False)])
    found = ours.by_vector(asked, ANY, 500)
    assert ids(found)[0] == "00004"
    assert found[0].cosine == pytest.approx(1)
    assert "00003" not in ids(found)
    assert ids(ours.by_vector(asked, Wanted(("new",)), 5)) == ["00005"]
    ours.close()
    theirs.close()


def test_a_domain_that_is_new_does_not_disturb_who_is_searching(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore.open(path)
    fill(store, 8)
    asked, compare = query(vectors(8)[0]), matrix.best

    def meanwhile(parts: Iterable[matrix.Rows], *rest: Any) -> list[tuple[int, float]]:
        store.take_in([row("00001", "text 00001", domain="new")])
        store.warm(MODEL)  # as another thread's search does
        return compare(parts, *rest)

    assert len(store.by_vector(asked, ANY, 8)) == 8
    with monkeypatch.context() as patched:
        patched.setattr(leg, "best", meanwhile)
        assert set(ids(store.by_vector(asked, ANY, 8))) >= {"00000", "00002", "00007"}
    assert len(store.by_vector(asked, ANY, 8)) == 8
    assert ids(store.by_vector(asked, Wanted(("new",)), 8)) == ["00001"]
    store.close()


def test_few_changes_do_not_load_everything_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore.open(path)
    fill(store, 100)
    store.warm(MODEL)
    monkeypatch.setattr(leg.Index, "_load", None)
    store.forget("00001")
    store.take_in([row("00200", "new")])
    store.put_vectors(MODEL, ["00200"], vectors(1, seed=3))
    found = ids(store.by_vector(query(vectors(1, seed=3)[0]), ANY, 500))
    assert found[0] == "00200" and "00001" not in found and len(found) == 100
    store.close()


def test_who_lags_behind_further_than_changes_are_kept_loads_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leg, "CHANGES", 10)
    ours, theirs = MemoryStore.open(path), MemoryStore.open(path)
    fill(ours, 50)
    asked = query(vectors(1, seed=5)[0])
    ours.by_vector(asked, ANY, 5)
    fill(theirs, 15, 50)
    theirs.drop(["00001", "00002"])
    assert len(ours.by_vector(asked, ANY, 500)) == 63
    ours.close()
    theirs.close()


def test_a_mapped_file_is_private_used_again_and_made_anew_when_it_does_not_fit(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leg, "MAPPED_FROM", 0)
    store = MemoryStore.open(path)
    fill(store, 100)
    asked = query(vectors(1, seed=5)[0])
    right = ids(store.by_vector(asked, ANY, 10))
    store.close()
    file = file_of(path, MODEL)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.glob("*.part")] == []

    with monkeypatch.context() as patched:
        patched.setattr(leg.Index, "_load", None)  # not needed
        store = MemoryStore.open(path)
        assert ids(store.by_vector(asked, ANY, 10)) == right
        store.close()
    whole = file.read_bytes()
    for torn in (whole[:-5], b"", b"x" * len(whole), whole.replace(b"tests-1", b"tests-2")):
        file.write_bytes(torn)
        store = MemoryStore.open(path)
        assert ids(store.by_vector(asked, ANY, 10)) == right
        store.close()


def test_without_room_for_the_file_main_memory_does(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leg, "MAPPED_FROM", 0)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mapped, "write", full)
    store = MemoryStore.open(path)
    fill(store, 100)
    asked = vectors(1, seed=5)[0]
    assert ids(store.by_vector(query(asked), ANY, 10)) == expected(asked, 100, ANY, 10)
    store.close()


def test_vectors_of_another_model_are_never_compared(store: MemoryStore) -> None:
    fill(store, 10)
    store.put_vectors("other", ["00001"], vectors(1, dim=DIM))
    assert store.by_vector(query(vectors(1)[0], "a third"), ANY, 5) == []
    assert ids(store.by_vector(query(vectors(1)[0], "other"), ANY, 5)) == ["00001"]
    found = store.by_keyword("text", query(vectors(1)[0], "other"), ANY, 20)
    assert [one.memory.id for one in found if one.cosine is not None] == ["00001"]
    assert all(one.cosine is None for one in store.by_id(["00002"], query(vectors(1)[0], "a third")))


def test_the_keyword_leg_and_ids_know_cosines_too(store: MemoryStore) -> None:
    fill(store, 10)
    asked = vectors(1, seed=4)[0]
    for found in (store.by_keyword("00003", query(asked), ANY, 5), store.by_id(["00003"], query(asked))):
        assert ids(found) == ["00003"]
        assert found[0].cosine == pytest.approx(float(vectors(10)[3] @ asked), abs=1e-6)


@pytest.mark.parametrize(
    ("n", "dim", "fault", "said"),
    [(2, DIM, np.nan, "NaN"), (2, DIM, np.inf, "infinity"), (2, DIM, 0.0, "length 0"),
     (2, DIM + 1, None, "9 dimensions"), (3, DIM, None, "2 rows were expected")],
)  # fmt: skip
def test_vectors_that_cannot_be_compared_are_refused(
    store: MemoryStore, n: int, dim: int, fault: float | None, said: str
) -> None:
    fill(store, 2)
    given = vectors(n, dim)
    if fault is not None:
        given[1] = fault
    with pytest.raises(BadMemory, match=said):
        store.put_vectors(MODEL, ["00000", "00001"], given)
    assert np.array_equal(store.by_id(["00001"], query(vectors(1)[0]))[0].vector, vectors(2)[1])  # type: ignore[arg-type]


def test_a_query_that_cannot_be_compared_is_refused_by_meaning_and_found_by_words(store: MemoryStore) -> None:
    fill(store, 2)
    for asked in (vectors(1, DIM + 1)[0], np.full(DIM, np.nan, np.float32)):
        with pytest.raises(MemoryUnavailable, match="8 dimensions"):
            store.by_vector(query(asked), ANY, 5)
        by_words = store.by_keyword("text 00001", query(asked), ANY, 1)
        assert ids(by_words) == ids(store.by_id(["00001"], query(asked))) == ["00001"]
        assert by_words[0].cosine is None


def test_lacking_goes_on_where_it_stopped_and_ids_that_are_gone_are_ignored(store: MemoryStore) -> None:
    store.take_in(row(f"{number}", f"text {number}") for number in range(5))
    assert [one for one, _ in store.lacking(MODEL, 2)] == ["0", "1"]
    assert [one for one, _ in store.lacking(MODEL, 9, after="1")] == ["2", "3", "4"]
    store.put_vectors(MODEL, ["gone", "2"], vectors(2) * 3)
    assert [one for one, _ in store.lacking(MODEL, 9)] == ["0", "1", "3", "4"]
    vector = store.by_id(["2"], query(vectors(1)[0]))[0].vector
    assert vector is not None and np.linalg.norm(vector) == pytest.approx(1)


def test_a_reader_whose_moment_is_past_finds_as_many_as_it_asked_for(path: Path) -> None:
    store = MemoryStore.open(path)
    fill(store, 50)
    asked = query(vectors(1)[0])
    index, readers = leg.Index(path, MODEL, key=1, dim=DIM), Connections(path)
    with readers.reading() as early:
        assert early.execute("SELECT count(*) FROM memory").fetchone() == (50,)
        store.take_in([row("nearest", "text")])
        store.put_vectors(MODEL, ["nearest"], asked.values[None])
        with readers.reading() as late:
            assert [seq for seq, _ in index.search(late, asked, ANY, set(), 1)] == [51]
        found = [seq for seq, _ in index.search(early, asked, ANY, set(), 10)]
        assert len(ids(candidates.of(early, found, asked, 1, 0))) == 10
    readers.close()
    store.close()


def test_many_threads_read_while_one_writes(path: Path, clock: Ticking) -> None:
    store = MemoryStore.open(path, clock)
    fill(store, 50)
    faults: list[BaseException] = []
    over = threading.Event()

    def read() -> None:
        try:
            while not over.is_set():
                found = store.by_vector(query(vectors(1)[0]), ANY, 10)
                assert len(found) == 10 and len(set(ids(found))) == 10
                store.by_keyword("text 00007", query(vectors(1)[0]), ANY, 10)
                store.note([("1", 0.5)], 1)
        except BaseException as fault:
            faults.append(fault)
            raise

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for begin in range(50, 200, 10):
        fill(store, 10, begin)
        store.drop([f"{begin - 45:05}"])
        store.use([f"{begin:05}"], "talk")
    over.set()
    for thread in threads:
        thread.join()
    assert not faults
    assert store.stats().memories == 185
    store.close()
