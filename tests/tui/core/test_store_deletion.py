"""Deleting conversations: hidden at once, brought back, removed for good a month later."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tui.core.conversation import Conversation, Provenance
from tui.core.store import ConversationDeleted, NoSuchConversation, Store, StoreError, schema

PLAIN = Provenance(model="m", fingerprint=None, mode="base", mode_version="1")
MONTH = 31 * 24 * 3600.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "conversations.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(Store.open(path)) as opened:
        yield opened


def talk_about(store: Store, *questions: str) -> Conversation:
    """A conversation of questions that are answered with themselves in capitals."""
    talk = store.create("legal")
    parent = None
    for question in questions:
        asked = store.add_question(talk.id, parent, question)
        begun = store.begin_answer(talk.id, asked.id, PLAIN)
        parent = store.finish_answer(
            begun.id, text=question.upper(), thinking="", status="done", usage=None
        ).id
    return store.get(talk.id)


def a_month_later(path: Path) -> Store:
    """The store, opened when everything deleted so far is old enough to be removed for good."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE conversation SET deleted_at = deleted_at - ?", (MONTH,))
    return Store.open(path)


def said(store: Store, head: str | None) -> list[str]:
    assert head is not None
    return [node.content for node in store.path(head)]


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as db:
        foreign = db.execute("PRAGMA foreign_key_check").fetchall()
        db.execute("INSERT INTO passage (passage) VALUES ('integrity-check')")
        return not foreign and db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


# Hidden, and brought back


def test_a_deleted_conversation_is_found_nowhere_and_comes_back_whole(store: Store) -> None:
    other, talk = talk_about(store, "pears"), talk_about(store, "apples", "plums")
    store.delete(talk.id)
    assert store.list() == [other]
    assert store.latest() == other
    assert store.search("apples") == []
    with pytest.raises(ConversationDeleted, match="tui data undelete"):
        store.get(talk.id[:12])
    assert [one.id for one in store.deleted()] == [talk.id]
    assert store.undelete(talk.id[:12]) == talk
    assert store.list() == [talk, other]
    assert said(store, talk.head) == ["apples", "APPLES", "plums", "PLUMS"]
    assert [hit.conversation for hit in store.search("apples")] == [talk]
    assert store.deleted() == []


def test_bringing_back_what_is_there_changes_nothing(store: Store) -> None:
    talk = talk_about(store, "apples")
    assert store.undelete(talk.id) == talk


def test_deleting_twice_or_what_never_was_is_refused(store: Store) -> None:
    talk = talk_about(store, "apples")
    store.delete(talk.id)
    with pytest.raises(ConversationDeleted, match="was deleted"):
        store.delete(talk.id)
    with pytest.raises(NoSuchConversation):
        store.delete("0" * 32)
    with pytest.raises(NoSuchConversation):
        store.undelete("0" * 32)


def test_an_answer_under_way_in_a_deleted_conversation_is_saved_and_a_new_question_refused(
    store: Store,
) -> None:
    talk = store.create()
    asked = store.add_question(talk.id, None, "apples")
    begun = store.begin_answer(talk.id, asked.id, PLAIN)
    store.delete(talk.id)
    store.save_partial(begun.id, "red", "")
    ended = store.finish_answer(begun.id, text="red ones", thinking="", status="done", usage=None)
    for attempt in (
        lambda: store.add_question(talk.id, ended.id, "and pears?"),
        lambda: store.begin_answer(talk.id, asked.id, PLAIN),
        lambda: store.rename(talk.id, "fruit"),
        lambda: store.set_mode(talk.id, "base"),
        lambda: store.set_head(talk.id, asked.id),
    ):
        with pytest.raises(ConversationDeleted, match="undo that"):
            attempt()
    assert said(store, store.undelete(talk.id).head) == ["apples", "red ones"]


def test_a_deleted_conversation_can_still_be_forked_where_it_is_open(store: Store) -> None:
    talk = talk_about(store, "apples")
    store.delete(talk.id)
    fork = store.fork(str(talk.head))
    assert store.list() == [fork]
    assert said(store, fork.head) == ["apples", "APPLES"]


# Forks


def test_search_finds_shared_words_in_the_fork_that_is_left(store: Store) -> None:
    talk = talk_about(store, "apples", "plums")
    fork = store.fork(store.path(str(talk.head))[1].id)
    store.delete(talk.id)
    assert [hit.conversation.id for hit in store.search("apples")] == [fork.id]
    assert store.search("plums") == []


def test_a_deleted_fork_is_no_branch_any_more(store: Store) -> None:
    talk = talk_about(store, "apples")
    fork = store.fork(str(talk.head))
    store.add_question(fork.id, fork.head, "pears")
    assert [node.content for node in store.children(talk.head, talk.id)] == ["pears"]
    store.delete(fork.id)
    assert store.children(talk.head, talk.id) == []
    store.undelete(fork.id)
    assert [node.content for node in store.children(talk.head, talk.id)] == ["pears"]


# Removed for good


def test_what_was_deleted_lately_stays_over_a_restart(store: Store, path: Path) -> None:
    talk = talk_about(store, "apples")
    store.delete(talk.id)
    store.close()
    with closing(Store.open(path)) as again:
        assert again.undelete(talk.id).id == talk.id


def test_after_a_month_a_deleted_conversation_is_gone_from_every_file(path: Path) -> None:
    with closing(Store.open(path)) as store:
        kept, talk = talk_about(store, "pears"), talk_about(store, "Zanzibarapples " * 400)
        store.delete(talk.id)
    with closing(a_month_later(path)) as store:
        with pytest.raises(NoSuchConversation):
            store.undelete(talk.id)
        with pytest.raises(StoreError):
            store.path(str(talk.head))
        assert store.list() == [kept]
        assert [hit.conversation for hit in store.search("pears")] == [kept]
        left = b"".join(file.read_bytes() for file in path.parent.iterdir()).lower()
        assert b"zanzibar" not in left
        assert b"pears" in left
    assert (rows(path, "conversation"), rows(path, "message"), rows(path, "passage")) == (1, 2, 3)
    assert is_sound(path)


def test_a_fork_keeps_what_it_shows_of_a_removed_conversation_and_no_more(path: Path) -> None:
    with closing(Store.open(path)) as store:
        talk = talk_about(store, "apples", "plums")
        fork = store.fork(store.path(str(talk.head))[1].id)
        store.add_question(fork.id, fork.head, "cherries")
        fork = store.get(fork.id)
        store.delete(talk.id)
    with closing(a_month_later(path)) as store:
        assert said(store, fork.head) == ["apples", "APPLES", "cherries"]
        assert [hit.conversation.id for hit in store.search("apples")] == [fork.id]
        assert [node.content for node in store.children(None, fork.id)] == ["apples"]
        assert store.search("plums") == []
    assert rows(path, "message") == 3
    assert is_sound(path)


def test_a_removed_fork_takes_only_its_own_with_it(path: Path) -> None:
    with closing(Store.open(path)) as store:
        talk = talk_about(store, "apples")
        fork = store.fork(str(talk.head))
        store.add_question(fork.id, fork.head, "pears")
        store.delete(fork.id)
    with closing(a_month_later(path)) as store:
        assert said(store, talk.head) == ["apples", "APPLES"]
        assert store.children(talk.head, talk.id) == []
    assert rows(path, "message") == 2


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_forked_and_deleted_every_conversation_left_is_whole(path: Path, seed: int) -> None:
    dice = random.Random(seed)
    with closing(Store.open(path)) as store:
        talks = [talk_about(store, "root")]
        for number in range(25):
            place = dice.choice(talks)
            heads = [node.id for node in store.path(str(store.undelete(place.id).head))]
            if dice.random() < 0.4:
                talks.append(store.fork(dice.choice(heads)))
            else:
                store.add_question(place.id, dice.choice(heads), f"question {number}")
        doomed = dice.sample(talks, len(talks) // 2)
        for talk in doomed:
            store.delete(talk.id)
        before = {talk.id: said(store, talk.head) for talk in store.list()}
    with closing(a_month_later(path)) as store:
        assert {talk.id: said(store, talk.head) for talk in store.list()} == before
        assert store.deleted() == []
        for talk in store.list():
            assert store.search(before[talk.id][-1]), "a message that is shown can be found"
    assert rows(path, "conversation") == len(before)
    assert is_sound(path)


def test_a_store_of_the_first_version_is_brought_up_to_date_with_all_it_holds(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for statement in schema.MIGRATIONS[0]:
            db.execute(statement)
        db.execute("INSERT INTO conversation VALUES (1, 'c1', 'old', 'base', NULL, 1, 1)")
        db.execute(
            "INSERT INTO message (id, conversation, role, content, created_at) "
            "VALUES ('aa', 'c1', 'user', 'hello', 1)"
        )
        db.execute("UPDATE conversation SET head = 'aa'")
        db.execute("PRAGMA user_version = 1")
    with closing(Store.open(path)) as store:
        assert said(store, store.get("c1").head) == ["hello"]
        store.delete("c1")
        assert store.list() == []
