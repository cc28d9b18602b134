"""A server that hangs: its connections stay open, and nothing on them is answered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field

import pytest
from psycopg.sql import SQL

from memory.contract import MemoryUnavailable
from memory.joined import Joined
from memory.postgres.pool import Pool
from memory.postgres.source import Server, ServerSource
from memory.sqlite.store import MemoryStore
from modes.mode import MemoryPolicy
from tests.memory.postgres.servers import Bouncer, Postgres
from tui.core.means import Means
from tui.core.memories import Memories

#: What a call may take, in seconds; and after how many nobody would wait any longer.
TIMEOUT, HANGS = 1.0, 6.0
#: Words of the server's first memory, which is also about what we have here.
QUESTION = "item1 commit migration brado deploy bralir"


@dataclass
class Hand:
    """A clock that goes when it is told to."""

    time: float = 0.0

    def __call__(self) -> float:
        return self.time


@dataclass
class Conversation:
    """Memories of here and of a server, as a conversation recalls them, and what it was told of them."""

    memories: Memories
    hand: Hand
    told: list[str] = field(default_factory=list)

    def recall(self) -> set[str]:
        """The ids that a question is shown, once a server that hung before is asked again."""
        self.hand.time += 60.0
        began = time.monotonic()
        found = self.memories.recall(QUESTION, MemoryPolicy(), "c")
        assert time.monotonic() - began < HANGS
        self.told += found.notes
        return {one.id for one in found.shown}

    def finds(self, wanted: set[str]) -> bool:
        """At one of the next questions: a busy machine may be slow to answer."""
        return any(self.recall() == wanted for _ in range(10))


@pytest.fixture(params=["the server", "a PgBouncer before it"])
def between(request: pytest.FixtureRequest, postgres: Postgres) -> Postgres | Bouncer:
    if request.param == "the server":
        return postgres
    bouncer: Bouncer = request.getfixturevalue("bouncer")
    return bouncer


@pytest.fixture
def server(between: Postgres | Bouncer, postgres: Postgres) -> Server:
    return Server(postgres.dsn("federation", port=between.port), timeout=TIMEOUT)


@pytest.fixture
def conversation(server: Server) -> Iterator[Conversation]:
    hand = Hand()
    there = ServerSource(Pool(server, hand), hand)
    with closing(MemoryStore.open(None)) as store, closing(there):
        store.add(f"{QUESTION}: we did so by the weir")
        joined = Joined(store, there)
        means = Means(store, joined, None, notes=lambda: [joined.trouble] if joined.trouble else [])
        yield Conversation(Memories(lambda: means), hand)


def test_a_recall_goes_on_without_a_server_that_hangs_says_so_once_and_finds_it_again(
    between: Postgres | Bouncer, conversation: Conversation
) -> None:
    assert conversation.finds({"1", "L1"})
    with between.stopped():
        # More often than there are connections: none of them may be waited for.
        assert [conversation.recall() for _ in range(5)] == [{"L1"}] * 5
    (said,) = conversation.told
    assert "did not answer within 1 s" in said
    assert conversation.finds({"1", "L1"})
    assert conversation.told == [said]


def test_a_server_that_hangs_before_the_first_question_is_found_when_it_answers(
    between: Postgres | Bouncer, conversation: Conversation
) -> None:
    with between.stopped():
        assert [conversation.recall() for _ in range(5)] == [{"L1"}] * 5
    assert conversation.finds({"1", "L1"})


def answers(pool: Pool, hand: Hand) -> bool:
    """Once the pause is over, at one of some tries."""
    for _ in range(10):
        hand.time += 60.0
        with suppress(MemoryUnavailable), pool.reading() as reader:
            return reader.rows(SQL("SELECT 1")) == [(1,)]
    return False


@pytest.mark.parametrize("asking", [True, False], ids=["in mid-query", "between two queries"])
def test_no_connection_is_lost_to_a_server_that_hangs_in_mid_transaction(
    between: Postgres | Bouncer, server: Server, asking: bool
) -> None:
    hand = Hand()
    with closing(Pool(server, hand)) as pool:
        # More often than there are connections.
        for _ in range(5):
            assert answers(pool, hand)
            began = time.monotonic()
            with ExitStack() as hanging, suppress(MemoryUnavailable), pool.reading() as reader:
                hanging.enter_context(between.stopped())
                if asking:
                    reader.rows(SQL("SELECT 2"))
            assert time.monotonic() - began < HANGS
        assert answers(pool, hand)


def test_the_program_can_be_left_while_the_server_hangs(between: Postgres | Bouncer, server: Server) -> None:
    source = ServerSource.connect(server)
    assert source.by_id(["1"], None)
    with between.stopped():
        with pytest.raises(MemoryUnavailable, match="did not answer"):
            source.by_id(["1"], None)
        began = time.monotonic()
        source.close()
        assert time.monotonic() - began < HANGS
