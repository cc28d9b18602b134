"""What answers were shown, in stores of every age, copies, and exports."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from memory.recalled import Shown
from tui.core.conversation import Provenance, Recollection
from tui.core.export import as_json, markdown
from tui.core.store import Store, schema
from tui.core.store.copying import restore

PLAIN = Provenance("m", None, "base", "1")
MEMORIES = Recollection("<<<block>>>", (Shown("L1", "Boats\nare ochre.", "hot", 71.4, 0.5, "port", 9),), 30)


def talk_with_memories(store: Store) -> str:
    talk = store.create()
    question = store.add_question(talk.id, None, "Which colour?")
    answer = store.begin_answer(talk.id, question.id, PLAIN)
    store.remember(answer.id, MEMORIES)
    store.finish_answer(answer.id, text="Ochre.", thinking="", status="done", usage=None)
    return answer.id


def test_a_store_from_before_there_were_memories_keeps_all_and_takes_them_from_now_on(tmp_path: Path) -> None:
    path = tmp_path / "conversations.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statements in schema.MIGRATIONS[:2]:
            for statement in statements:
                db.execute(statement)
        db.execute("PRAGMA user_version = 2")
        db.execute("INSERT INTO conversation VALUES (1, 'c', 'title', 'base', NULL, 1.0, 2.0, NULL)")
        said = (("q", None, "user", "Why?"), ("a", "q", "assistant", "Because."))
        for id, parent, role, content in said:
            db.execute(
                "INSERT INTO message (id, parent, conversation, role, content, created_at) "
                "VALUES (?, ?, 'c', ?, ?, 1.0)",
                (id, parent, role, content),
            )
        db.execute("UPDATE conversation SET head = 'a'")
    with closing(Store.open(path)) as store:
        assert store.notice is None
        assert [(node.content, node.memories) for node in store.path("a")] == [
            ("Why?", None),
            ("Because.", None),
        ]
        assert store.path(talk_with_memories(store))[-1].memories == MEMORIES
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(schema.MIGRATIONS)


def test_a_backup_brings_back_what_was_shown(tmp_path: Path) -> None:
    with closing(Store.open(tmp_path / "one.sqlite3")) as store:
        answer = talk_with_memories(store)
        store.backup(tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "two.sqlite3")
    with closing(Store.open(tmp_path / "two.sqlite3")) as store:
        assert store.path(answer)[-1].memories == MEMORIES


def test_an_answer_whose_program_was_killed_keeps_what_it_was_shown(tmp_path: Path) -> None:
    path = tmp_path / "conversations.sqlite3"
    with closing(Store.open(path)) as store:
        talk = store.create()
        question = store.add_question(talk.id, None, "Which colour?")
        answer = store.begin_answer(talk.id, question.id, PLAIN)
        store.remember(answer.id, MEMORIES)
        store._db.execute("UPDATE message SET owner_pid = 999999999")
    with closing(Store.open(path)) as store:
        left = store.path(answer.id)[-1]
    assert (left.status, left.memories) == ("interrupted", MEMORIES)


def test_an_export_has_what_was_shown_folded_for_people_and_whole_for_programs() -> None:
    with closing(Store.open(None)) as store:
        path = store.path(talk_with_memories(store))
        talk = store.list()[0]
    told = markdown(talk, path)
    assert "- #L1 (hot 71, relevance 0.50): Boats are ochre." in told
    exported = json.loads(as_json(talk, path))["messages"][1]["memories"]
    assert exported["block"] == "<<<block>>>" and exported["shown"][0]["content"] == "Boats\nare ochre."
    assert json.loads(as_json(talk, path))["messages"][0]["memories"] is None
