"""The tree of messages and its named heads: edits, regenerations and forks are branches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import Usage
from tui.core.conversation import Conversation, Node, Provenance, Status
from tui.core.store import NoSuchConversation, Store, StoreError

PLAIN = Provenance(model="m", fingerprint=None, mode="base", mode_version="1")
FULL = Provenance(
    model="smollm2.gguf",
    fingerprint="ab" * 32,
    mode="legal*0.7 + reasoning*0.3",
    mode_version="3",
    scales=(("legal", 0.7), ("reasoning", 0.3)),
    sampling={"temperature": 0.7, "top_k": 40, "seed": 7, "stop": ["</s>"], "note": "ᏣᎳᎩ"},
)
USAGE = Usage(120, 100, 0.25, 0.3, 41, 2.5, 4_000_000_000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.open(tmp_path / "conversations.sqlite3")) as opened:
        yield opened


def answer(store: Store, conversation: str, question: str, text: str, status: Status = "done") -> Node:
    begun = store.begin_answer(conversation, question, PLAIN)
    return store.finish_answer(begun.id, text=text, thinking="", status=status, usage=None)


def said(nodes: list[Node]) -> list[str]:
    return [node.content for node in nodes]


def refreshed(store: Store, conversation: Conversation) -> Conversation:
    return store.get(conversation.id)


def test_a_turn_is_a_path_from_the_question_to_the_answer(store: Store) -> None:
    talk = store.create("legal")
    assert (talk.title, talk.mode, talk.head) == ("", "legal", None)
    question = store.add_question(talk.id, None, "Is it binding?")
    assert refreshed(store, talk).head == question.id
    begun = store.begin_answer(talk.id, question.id, FULL)
    assert (begun.status, begun.content, begun.role, begun.parent) == (
        "streaming",
        "",
        "assistant",
        question.id,
    )
    assert refreshed(store, talk).head == begun.id
    assert store.path(begun.id) == [question, begun]


def test_an_edited_question_is_a_branch_beside_the_first(store: Store) -> None:
    talk = store.create()
    first = store.add_question(talk.id, None, "one")
    reply = answer(store, talk.id, first.id, "uno")
    second = store.add_question(talk.id, reply.id, "two")
    edited = store.add_question(talk.id, reply.id, "two, better")
    assert store.children(reply.id, talk.id) == [second, edited]
    assert said(store.path(edited.id)) == ["one", "uno", "two, better"]
    assert refreshed(store, talk).head == edited.id
    rewritten = store.add_question(talk.id, None, "another start")
    assert store.children(None, talk.id) == [first, rewritten]
    assert said(store.path(rewritten.id)) == ["another start"]


def test_a_regenerated_answer_is_a_branch_and_the_head_can_go_back(store: Store) -> None:
    talk = store.create()
    question = store.add_question(talk.id, None, "a joke")
    first = answer(store, talk.id, question.id, "bad")
    second = answer(store, talk.id, question.id, "worse")
    assert store.children(question.id, talk.id) == [first, second]
    assert refreshed(store, talk).head == second.id
    store.set_head(talk.id, first.id)
    assert refreshed(store, talk).head == first.id


def test_a_fork_shares_the_path_and_copies_nothing(store: Store) -> None:
    talk = store.create("coding")
    question = store.add_question(talk.id, None, "sort a list")
    reply = answer(store, talk.id, question.id, "sorted()")
    fork = store.fork(reply.id)
    assert (fork.title, fork.mode, fork.head) == ("fork of sort a list", "coding", reply.id)
    assert fork.id != talk.id
    here = store.add_question(talk.id, reply.id, "in place?")
    there = store.add_question(fork.id, reply.id, "by key?")
    assert store.path(there.id) == [question, reply, there]
    assert store.path(here.id) == [question, reply, here]
    assert store.children(reply.id, talk.id) == [here, there]
    assert store.children(None, fork.id) == []
    assert store.get(fork.id).title == "fork of sort a list", "a fork's first question does not rename it"
    assert store.fork(there.id).title == "fork of sort a list"


def test_every_field_of_an_answer_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "conversations.sqlite3"
    with closing(Store.open(path)) as store:
        talk = store.create()
        question = store.add_question(talk.id, None, "q\0\ud800 ᏣᎳᎩ")
        begun = store.begin_answer(talk.id, question.id, FULL)
        finished = store.finish_answer(
            begun.id, text="a", thinking="hm", status="failed", usage=USAGE, error="no memory"
        )
        renamed = replace(FULL, fingerprint="cd" * 32)
        other = store.begin_answer(talk.id, question.id, replace(FULL, fingerprint=None))
        other = store.finish_answer(
            other.id, text="b", thinking="", status="length", usage=None, provenance=renamed
        )
    expected = replace(
        begun, content="a", thinking="hm", status="failed", usage=USAGE, error="no memory", provenance=FULL
    )
    assert finished == expected
    assert other.provenance == renamed
    with closing(Store.open(path)) as store:
        assert store.path(begun.id) == [question, expected]
        assert store.path(other.id) == [question, other]
        assert question.content == "q\0\ufffd ᏣᎳᎩ"


def test_a_late_partial_does_not_undo_a_finished_answer(store: Store) -> None:
    talk = store.create()
    question = store.add_question(talk.id, None, "q")
    begun = store.begin_answer(talk.id, question.id, PLAIN)
    store.save_partial(begun.id, "half", "thought")
    assert store.path(begun.id)[-1] == replace(begun, content="half", thinking="thought")
    done = store.finish_answer(begun.id, text="whole", thinking="thought", status="done", usage=USAGE)
    store.save_partial(begun.id, "half", "")
    assert store.path(begun.id)[-1] == done


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("\n  \n  What   is\tthis? \nmore", "What is this?"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("word " * 20, "word " * 11 + "word…"),
        ("I " + "漢" * 80, "I " + "漢" * 57 + "…"),
        (" \n ", ""),
    ],
)
def test_the_first_question_gives_the_title(store: Store, question: str, title: str) -> None:
    talk = store.create()
    node = store.add_question(talk.id, None, question)
    assert store.get(talk.id).title == title
    store.rename(talk.id, "chosen")
    store.add_question(talk.id, node.id, "second")
    assert store.get(talk.id).title == "chosen"


@given(st.text())
def test_a_title_is_one_line_of_at_most_sixty_characters(question: str) -> None:
    with closing(Store.open(None)) as store:
        talk = store.create()
        store.add_question(talk.id, None, question)
        title = store.get(talk.id).title
    assert len(title) <= 60
    assert len(title.splitlines()) <= 1


def test_conversations_are_listed_newest_first_and_only_with_messages(store: Store) -> None:
    assert store.latest() is None
    assert store.list() == []
    old, new, empty = store.create(), store.create(), store.create()
    store.add_question(old.id, None, "old")
    node = store.add_question(new.id, None, "new")
    assert [one.id for one in store.list()] == [new.id, old.id]
    begun = store.begin_answer(old.id, store.children(None, old.id)[0].id, PLAIN)
    latest = store.latest()
    assert latest is not None
    assert latest.id == old.id
    answer(store, new.id, node.id, "x")
    store.finish_answer(begun.id, text="", thinking="", status="stopped", usage=None)
    assert [one.id for one in store.list()] == [old.id, new.id]
    assert [one.id for one in store.list(limit=1)] == [old.id]
    assert store.get(empty.id) == empty


def test_changing_the_mode_or_title_leaves_the_rest(store: Store) -> None:
    talk = store.create()
    store.set_mode(talk.id, "legal*0.5")
    store.rename(talk.id, "T")
    assert store.get(talk.id) == replace(talk, mode="legal*0.5", title="T")


def test_a_conversation_is_found_by_a_prefix_that_only_it_has(store: Store) -> None:
    talks = [store.create() for _ in range(40)]  # more than 16, so that two ids begin alike
    for talk in talks:
        assert store.get(talk.id) == talk
        assert store.get(f" {talk.id[:16].upper()} ") == talk
    firsts = [talk.id[0] for talk in talks]
    shared = next(first for first in firsts if firsts.count(first) > 1)
    with pytest.raises(NoSuchConversation, match="several"):
        store.get(shared)


@pytest.mark.parametrize("ref", ["", "  ", "%", "zz", "0'; --", "g", "\ud800", "f" * 33])
def test_an_unknown_reference_names_what_exists_but_not_its_private_title(store: Store, ref: str) -> None:
    talk = store.create()
    store.add_question(talk.id, None, "secret plans")
    with pytest.raises(NoSuchConversation) as refused:
        store.get(ref)
    assert talk.id[:8] in str(refused.value)
    assert "secret" not in str(refused.value)


def test_unknown_conversations_and_messages_are_refused_and_nothing_changes(store: Store) -> None:
    talk = store.create()
    question = store.add_question(talk.id, None, "q")
    before = store.get(talk.id)
    for attempt in (
        lambda: store.rename("nope", "t"),
        lambda: store.set_mode("nope", "m"),
        lambda: store.set_head("nope", question.id),
        lambda: store.add_question("nope", None, "q"),
        lambda: store.begin_answer("nope", question.id, PLAIN),
    ):
        with pytest.raises(NoSuchConversation, match="nope"):
            attempt()
    for lookup in (
        lambda: store.set_head(talk.id, "nope"),
        lambda: store.fork("nope"),
        lambda: store.path("nope"),
        lambda: store.add_question(talk.id, "nope", "q"),
        lambda: store.begin_answer(talk.id, "nope", PLAIN),
        lambda: store.save_partial("nope", "", ""),
        lambda: store.finish_answer("nope", text="", thinking="", status="done", usage=None),
    ):
        with pytest.raises(StoreError, match="no message 'nope'"):
            lookup()
    assert store.get(talk.id) == before
    assert store.list() == [before]


def test_a_store_in_memory_is_alone_and_gone_after_closing() -> None:
    with closing(Store.open(None)) as one, closing(Store.open(None)) as two:
        talk = one.create()
        node = one.add_question(talk.id, None, "here")
        assert said(one.path(node.id)) == ["here"]
        assert one.notice is None
        assert two.list() == []
    with pytest.raises(StoreError):
        one.list()
