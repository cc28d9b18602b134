"""Going between the versions of a question or an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tui.core.conversation import Node, Provenance
from tui.core.store import NoSuchConversation, Store, StoreError

PLAIN = Provenance(model="m", fingerprint=None, mode="base", mode_version="1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.open(tmp_path / "conversations.sqlite3")) as opened:
        yield opened


def answer(store: Store, conversation: str, question: Node, text: str) -> Node:
    begun = store.begin_answer(conversation, question.id, PLAIN)
    return store.finish_answer(begun.id, text=text, thinking="", status="done", usage=None)


def said(nodes: list[Node]) -> list[str]:
    return [node.content for node in nodes]


def test_the_versions_of_an_answer_and_of_a_question_are_listed_oldest_first(store: Store) -> None:
    talk = store.create()
    first = store.add_question(talk.id, None, "one")
    uno, eins = answer(store, talk.id, first, "uno"), answer(store, talk.id, first, "eins")
    edited = store.add_question(talk.id, None, "one, better")
    assert store.siblings(eins.id, talk.id) == [uno, eins]
    assert store.siblings(edited.id, talk.id) == [first, edited]


def test_going_back_to_a_version_means_going_to_the_newest_that_followed_it(store: Store) -> None:
    talk = store.create()
    first = store.add_question(talk.id, None, "one")
    uno = answer(store, talk.id, first, "uno")
    store.add_question(talk.id, uno.id, "two")
    two = store.add_question(talk.id, uno.id, "two, better")
    dos = answer(store, talk.id, two, "dos")
    eins = answer(store, talk.id, first, "eins")
    assert store.leaf(uno.id, talk.id) == dos
    assert store.leaf(eins.id, talk.id) == eins


def test_a_fork_knows_the_versions_before_it_and_its_own(store: Store) -> None:
    talk = store.create()
    first = store.add_question(talk.id, None, "one")
    uno, eins = answer(store, talk.id, first, "uno"), answer(store, talk.id, first, "eins")
    fork = store.fork(eins.id)
    answer(store, fork.id, first, "un")
    answer(store, talk.id, first, "ichi")
    asked = store.add_question(fork.id, eins.id, "two")
    assert said(store.siblings(eins.id, fork.id)) == ["uno", "eins", "un"]
    assert said(store.siblings(eins.id, talk.id)) == ["uno", "eins", "ichi"]
    assert store.leaf(eins.id, fork.id) == asked
    assert store.leaf(eins.id, talk.id) == eins
    assert store.leaf(uno.id, fork.id) == uno


def test_the_versions_in_a_deleted_conversation_are_known_only_as_far_as_a_fork_needs_them(
    store: Store,
) -> None:
    talk = store.create()
    first = store.add_question(talk.id, None, "one")
    answer(store, talk.id, first, "uno")
    eins = answer(store, talk.id, first, "eins")
    fork = store.fork(eins.id)
    store.delete(talk.id)
    assert store.siblings(eins.id, fork.id) == [eins]


def test_unknown_messages_and_conversations_have_no_versions(store: Store) -> None:
    talk = store.create()
    asked = store.add_question(talk.id, None, "one")
    for attempt in (store.siblings, store.leaf):
        with pytest.raises(StoreError):
            attempt("0" * 32, talk.id)
        with pytest.raises(NoSuchConversation):
            attempt(asked.id, "0" * 32)
