"""Two sources as one: here and on a server, which may be away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from memory.contract import Candidate, FloatArray, MemoryUnavailable, Vector, Wanted
from memory.joined import Joined
from memory.record import Memory
from memory.sqlite.store import MemoryStore

MODEL = "a model"


def toward(angle: float) -> FloatArray:
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


QUERY = Vector(toward(0.0), MODEL)


class Away:
    """A server that cannot be reached: the only fault that matters here."""

    def __init__(self) -> None:
        self.asked = 0

    def by_vector(self, *_: object) -> list[Candidate]:
        self.asked += 1
        raise MemoryUnavailable("the server is away")

    by_keyword = by_id = by_vector

    def note(self, *_: object) -> None:
        raise AssertionError("a server is only read")


def store(texts: dict[str, tuple[str, float]]) -> MemoryStore:
    """Of (text, direction) by id, as a server's rows are copied."""
    made = MemoryStore.open(None, clock=lambda: 1000.0)
    rows = [Memory(one, text, 50.0, 0.0, 0.0, "federation") for one, (text, _) in texts.items()]
    made.take_in(rows)
    made.put_vectors(MODEL, list(texts), np.stack([toward(angle) for _, angle in texts.values()]))
    return made


@pytest.fixture
def here() -> Iterator[MemoryStore]:
    with closing(store({"1": ("the river in spring", 0.1), "2": ("the river in winter", 0.5)})) as made:
        yield made


@pytest.fixture
def there() -> Iterator[MemoryStore]:
    texts = {"2": ("the river in winter, as it is there", 0.5), "3": ("the river and its mill", 0.2)}
    with closing(store(texts)) as made:
        yield made


def ids(found: list[Candidate]) -> list[str]:
    return [one.memory.id for one in found]


def test_the_nearest_of_both_come_first_and_a_copy_counts_once(here: MemoryStore, there: MemoryStore) -> None:
    both = Joined(here, there)
    assert ids(both.by_vector(QUERY, Wanted(), 10)) == ["1", "3", "2"]
    assert ids(both.by_vector(QUERY, Wanted(), 2)) == ["1", "3"]
    found = both.by_keyword("river", QUERY, Wanted(), 10)
    assert sorted(ids(found)) == ["1", "2", "3"]
    assert both.trouble is None


def test_what_is_here_too_is_taken_from_here(here: MemoryStore, there: MemoryStore) -> None:
    (one, two) = Joined(here, there).by_id(["3", "2"], QUERY)
    assert one.memory.content == "the river and its mill"
    assert two.memory.content == "the river in winter"


def test_what_was_forgotten_here_does_not_come_back_from_the_server(
    here: MemoryStore, there: MemoryStore
) -> None:
    here.forget("2")
    both = Joined(here, there)
    assert "2" not in ids(both.by_vector(QUERY, Wanted(), 10))
    assert "2" not in ids(both.by_keyword("river", None, Wanted(), 10))
    assert ids(both.by_id(["2", "3"], None)) == ["3"]


def test_while_the_server_is_away_what_is_here_is_found_and_the_trouble_is_known(here: MemoryStore) -> None:
    both = Joined(here, Away())
    assert ids(both.by_vector(QUERY, Wanted(), 10)) == ["1", "2"]
    assert sorted(ids(both.by_keyword("river", None, Wanted(), 10))) == ["1", "2"]
    assert ids(both.by_id(["1", "9"], None)) == ["1"]
    assert both.trouble == "the server is away"


def test_a_recall_is_logged_here_alone(here: MemoryStore) -> None:
    Joined(here, Away()).note([("1", 0.5)], 3.0)
    assert here.stats().recalls == 1
