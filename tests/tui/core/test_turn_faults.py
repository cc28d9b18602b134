"""Turns on a disk without room: SQLite's own refusal, on a file that may not grow."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.llama.engine import LlamaEngine
from modes.voice import Voice
from tests.tui.program import ENDLESS
from tests.tui.talk import asked, begun, finished, text_of
from tui.core import turn
from tui.core.conversation import NotSaved
from tui.core.store import Store, StoreError, StoreFull
from tui.core.turn import Turns


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Small pages, so that a few words more need one more."""
    path = tmp_path / "conversations.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA page_size = 512")
        db.execute("VACUUM")
    with closing(Store.open(path)) as opened:
        assert opened._db.execute("PRAGMA page_size").fetchone()[0] == 512
        yield opened


@pytest.fixture
def turns(starter_engine: LlamaEngine, store: Store, monkeypatch: pytest.MonkeyPatch) -> Turns:
    monkeypatch.setattr(turn, "SAVE_EVERY", 0.05)
    return Turns(starter_engine, store)


def fill(store: Store) -> None:
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")


def make_room(store: Store) -> None:
    store._db.execute("PRAGMA max_page_count = 1000000")


def test_a_disk_that_fills_in_mid_answer_is_told_once_and_the_next_turn_writes_it(
    turns: Turns, store: Store, base: Voice
) -> None:
    run = turns.run(asked(store, base, ENDLESS, 150))
    events = [next(run)]
    fill(store)
    events += run
    told = [event for event in events if isinstance(event, NotSaved)]
    answer = finished(events)
    assert answer.status == "length", "the disk does not end the answer"
    assert answer.content == text_of(events)
    first, last = told
    assert "free some space" in first.reason
    assert events.index(first) < len(events) - 30, "told when it happens, and words go on after it"
    assert events[-2] is last, "and once more that the whole answer is not saved"
    assert store.path(answer.id)[-1].content != answer.content

    make_room(store)
    following = asked(store, base)
    next(opened := turns.run(following))
    assert store.path(answer.id)[-1] == answer, "written before the next turn begins"
    opened.close()


def test_an_answer_that_still_cannot_be_written_is_kept_for_a_later_turn(
    turns: Turns, store: Store, base: Voice
) -> None:
    second = asked(store, base)
    run = turns.run(asked(store, base, ENDLESS, 150))
    events = [next(run)]
    fill(store)
    events += run
    answer = finished(events)
    with pytest.raises(StoreFull):
        next(turns.run(replace(second, question="long " * 500)))
    make_room(store)
    list(turns.run(second))
    assert store.path(answer.id)[-1] == answer


def test_a_question_that_cannot_be_put_on_record_is_refused_and_leaves_nothing(
    turns: Turns, store: Store, base: Voice
) -> None:
    first = finished(list(turns.run(asked(store, base))))
    talk = store.get(first.conversation)
    following = replace(asked(store, base, "word " * 400), conversation=talk.id, parent=first.id)
    fill(store)
    with pytest.raises(StoreFull, match="free some space"):
        next(turns.run(following))
    assert store.get(talk.id) == talk
    assert store.children(first.id, talk.id) == []
    make_room(store)
    assert finished(list(turns.run(replace(following, question="Why?")))).status in ("done", "length")


def test_a_question_in_a_conversation_that_is_gone_is_refused(
    turns: Turns, store: Store, base: Voice
) -> None:
    with pytest.raises(StoreError, match="no conversation"):
        next(turns.run(replace(asked(store, base), conversation="0" * 32)))


def test_an_answer_without_a_question_is_refused(turns: Turns, store: Store, base: Voice) -> None:
    with pytest.raises(StoreError, match="no question"):
        next(turns.run(replace(asked(store, base), question=None)))


def test_an_answer_under_way_is_saved_as_it_grows(turns: Turns, store: Store, base: Voice) -> None:
    run = turns.run(asked(store, base, ENDLESS, 40))
    events, saved = [next(run)], set()
    for event in run:
        events.append(event)
        kept = store.path(begun(events).id)[-1].content
        assert text_of(events).startswith(kept)
        saved.add(kept)
    assert len(saved) > 3
