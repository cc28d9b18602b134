from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memory.contract import EmbedderUnavailable, FloatArray, MemoryUnavailable
from memory.postgres.source import Server, ServerSource
from memory.sqlite.store import MemoryStore
from memory.sync import Synced, sync
from tests.memory.postgres import table
from tests.memory.postgres.conftest import DIM, MODEL, ROWS, Database
from tests.memory.postgres.servers import READER, Bouncer, Postgres
from tests.memory.postgres.test_source import facts

#: What is retracted is never recalled, and needs no embedding.
RECALLED = sum(row.state != "retracted" for row in table.rows(ROWS, DIM))


class Hashing:
    """An embedder that is quick: a text's vector is drawn by its hash."""

    def __init__(self, model: str = "quick", dim: int = 8, fails_after: int = 10**9) -> None:
        self.model, self.dim, self.left = model, dim, fails_after

    def embed(self, texts: Sequence[str], query: bool = False) -> FloatArray:
        self.left -= len(texts)
        if self.left < 0:
            raise EmbedderUnavailable("It has gone. Start it again.")
        seeds = [hashlib.md5(text.encode()).digest()[0] for text in texts]
        made = [np.random.default_rng(seed).standard_normal(self.dim) for seed in seeds]
        vectors = np.asarray(made, np.float32)
        return np.ascontiguousarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    one = MemoryStore.open(tmp_path / "memory.db")
    yield one
    one.close()


def server(postgres: Postgres, name: str, **given: Any) -> Server:
    return Server(postgres.dsn(name), timeout=20, **given)


def copied(store: MemoryStore) -> dict[str, Any]:
    """What the store has of the server, without the sums."""
    return {
        one.id: (
            one.content,
            one.temperature,
            one.created_at,
            one.domain,
            one.tags,
            one.temporal_state,
            one.sacred,
        )
        for one in store.memories("federation")
    }


def there(one: Server) -> dict[str, Any]:
    source = ServerSource.connect(one)
    found = source.by_id([str(number) for number in range(1, ROWS + 100)], None)
    source.close()
    return {
        hit.memory.id: (hit.memory.content, hit.memory.temperature, hit.memory.created_at, hit.memory.domain,
                        hit.memory.tags, hit.memory.temporal_state, hit.memory.sacred)
        for hit in found
    }  # fmt: skip


def test_a_first_sync_takes_everything_and_a_second_nothing(postgres: Postgres, store: MemoryStore) -> None:
    told: list[tuple[str, int, int]] = []
    first = sync(server(postgres, "federation"), store, progress=lambda *one: told.append(one))
    assert (first.added, first.changed, first.gone, dict(first.skipped)) == (ROWS, 0, 0, {})
    assert told[-1] == ("rows", ROWS, ROWS)
    assert copied(store) == there(server(postgres, "federation"))
    assert sync(server(postgres, "federation"), store) == Synced()


def test_edits_deletions_supersessions_and_new_rows_arrive(
    database: Database, postgres: Postgres, store: MemoryStore
) -> None:
    name, db = database(filled=True)
    own = server(postgres, name)
    sync(own, store)
    local = store.add("mine alone")
    db.execute(f"UPDATE {table.NAME} SET original_content = 'edited' WHERE id = 5")
    db.execute(f"UPDATE {table.NAME} SET temporal_state = 'superseded', superseded_by = 9 WHERE id = 6")
    db.execute(f"UPDATE {table.NAME} SET metadata = '{{\"a\": 1}}' WHERE id = 7")
    db.execute(f"UPDATE {table.NAME} SET temperature_score = 12.5, access_count = 3 WHERE id IN (8, 9)")
    db.execute(f"DELETE FROM {table.NAME} WHERE id IN (10, 11, 12)")
    # Late, and dated before everything else: many daemons write, and their clocks differ.
    db.execute(
        f"INSERT INTO {table.NAME} (original_content, created_at)"
        " VALUES ('late', '2001-01-01'), ('now', NULL)"
    )
    done = sync(own, store)
    assert (done.added, done.changed, done.gone) == (2, 5, 3)
    assert copied(store) == there(own)
    assert {one.id for one in store.memories("local")} == {local.id}
    assert next(one for one in store.memories("federation") if one.id == "7").metadata["a"] == 1
    assert sync(own, store) == Synced()


def test_top_keeps_the_hottest_alone(database: Database, postgres: Postgres, store: MemoryStore) -> None:
    name, db = database(filled=True)
    hottest = f"SELECT id::text FROM {table.NAME} ORDER BY temperature_score DESC, id LIMIT 50"
    db.execute(f"UPDATE {table.NAME} SET temperature_score = 'NaN' WHERE id = 1")
    db.execute(f"UPDATE {table.NAME} SET temperature_score = 0 WHERE id = 1")
    assert sync(server(postgres, name), store, top=50).added == 50
    assert set(store.ids("federation")) == {row[0] for row in db.execute(hottest).fetchall()}
    db.execute(f"UPDATE {table.NAME} SET temperature_score = 100 WHERE id = 1")
    done = sync(server(postgres, name), store, top=50)
    assert (done.added, done.gone) == (1, 1)
    assert set(store.ids("federation")) == {row[0] for row in db.execute(hottest).fetchall()}


def test_what_lacks_an_embedding_gets_one(postgres: Postgres, store: MemoryStore) -> None:
    store.add("mine")
    done = sync(server(postgres, "federation", vectors=MODEL), store, embedder=Hashing())
    assert (done.embedded, done.vectors) == (RECALLED + 1, 0), "another model's vectors are of no use"
    assert store.lacking("quick", 10) == []
    assert sync(server(postgres, "federation", vectors=MODEL), store, embedder=Hashing()).embedded == 0


def test_the_servers_own_embeddings_are_taken_where_they_are_of_the_same_model(
    postgres: Postgres, store: MemoryStore
) -> None:
    rows = list(table.rows(ROWS, DIM))
    having = sum(row.embedding is not None and row.state != "retracted" for row in rows)
    done = sync(server(postgres, "federation", vectors=MODEL), store, embedder=Hashing(MODEL, DIM))
    assert (done.embedded, done.vectors) == (RECALLED, having)


def test_rows_stay_when_the_embedder_goes_and_the_rest_is_embedded_later(
    postgres: Postgres, store: MemoryStore
) -> None:
    done = sync(server(postgres, "federation"), store, embedder=Hashing(fails_after=100))
    assert (done.added, done.embedded) == (ROWS, 64)
    assert "no embedding yet" in done.notes[0]
    assert sync(server(postgres, "federation"), store, embedder=Hashing()).embedded == RECALLED - 64


def test_a_copy_of_another_server_is_refused_unless_it_is_to_be_replaced(
    database: Database, postgres: Postgres, store: MemoryStore
) -> None:
    name, db = database()
    table.minimal(db, ["one", "two"])
    local = store.add("mine")
    sync(server(postgres, "federation"), store)
    with pytest.raises(MemoryUnavailable, match="another server"):
        sync(server(postgres, name), store)
    assert len(copied(store)) == ROWS
    done = sync(server(postgres, name), store, replace=True)
    assert (done.added, done.gone) == (2, ROWS)
    assert {one.id for one in store.memories("local")} == {local.id}


def test_a_server_that_does_not_say_which_it_is_is_told_with_what_to_grant(
    database: Database, postgres: Postgres, store: MemoryStore
) -> None:
    name, db = database()
    table.minimal(db, ["one"])
    db.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    with pytest.raises(MemoryUnavailable, match=r"GRANT EXECUTE ON FUNCTION pg_control_system\(\) TO"):
        sync(server(postgres, name), store)
    db.execute(f"GRANT EXECUTE ON FUNCTION pg_control_system() TO {READER}")
    assert sync(server(postgres, name), store).added == 1


def test_a_copy_is_not_dropped_for_a_table_that_cannot_be_listed(
    database: Database, postgres: Postgres, store: MemoryStore
) -> None:
    name, db = database()
    other, there = database()
    table.minimal(db, ["one", "two"])
    sync(server(postgres, name), store)
    there.execute(f"CREATE VIEW {table.NAME} AS SELECT 1 / (random() * 0)::int AS id, 'x'::text AS content")
    with pytest.raises(MemoryUnavailable):
        sync(server(postgres, other), store, replace=True)
    assert list(store.ids("federation")) == ["1", "2"]
    assert sync(server(postgres, name), store) == Synced()


def test_a_copy_is_not_emptied_because_the_table_is(
    database: Database, postgres: Postgres, store: MemoryStore
) -> None:
    name, db = database()
    table.minimal(db, ["one", "two", "  "])
    assert sync(server(postgres, name), store).added == 2
    db.execute(f"DELETE FROM {table.NAME}")
    with pytest.raises(MemoryUnavailable, match="is empty"):
        sync(server(postgres, name), store)
    assert sync(server(postgres, name), store, replace=True).gone == 2


def test_what_is_hidden_here_goes_when_the_server_deletes_it(
    database: Database, postgres: Postgres, store: MemoryStore
) -> None:
    name, db = database()
    table.minimal(db, ["one", "two"])
    sync(server(postgres, name), store)
    assert store.forget("1")
    db.execute(f"DELETE FROM {table.NAME} WHERE id = 1")
    assert sync(server(postgres, name), store).gone == 1
    assert list(store.ids("federation")) == ["2"]
    assert sync(server(postgres, name), store) == Synced()


def test_who_may_read_some_columns_only_brings_what_they_hold(
    database: Database, postgres: Postgres, store: MemoryStore
) -> None:
    name, db = database()
    table.minimal(db, ["one", "two"])
    db.execute(f"ALTER TABLE {table.NAME} ADD COLUMN owner text")
    db.execute(f"REVOKE ALL ON {table.NAME} FROM {READER}")
    db.execute(f"GRANT SELECT (id, content) ON {table.NAME} TO {READER}")
    assert sync(server(postgres, name), store).added == 2
    assert sync(server(postgres, name), store, top=1).gone == 1


def test_odd_rows_are_left_out_and_counted(
    database: Database, postgres: Postgres, store: MemoryStore
) -> None:
    name, db = database()
    db.execute(f"CREATE TABLE {table.NAME} (id text, content text, temperature text)")
    db.execute(f"INSERT INTO {table.NAME} VALUES ('L3', 'like ours', '1'), (NULL, 'x', '1'),"
               " ('a', NULL, '1'),"
               " ('b', 'kept', 'NaN'), ('c', repeat('long ', 130000), '99')")  # fmt: skip
    done = sync(server(postgres, name), store)
    assert done.added == 2
    assert done.skipped == {"an id like those of local memories": 1}
    assert set(store.ids("federation")) == {"b", "c"}


_KILLED = """
import os, signal, sys
from pathlib import Path
import memory.sync
from memory.postgres.source import Server
from memory.sqlite.store import MemoryStore
memory.sync.PAGE = 40
def progress(what, done, of):
    if what == "rows" and done >= 120:
        os.kill(os.getpid(), signal.SIGKILL)
memory.sync.sync(Server(os.environ["DSN"]), MemoryStore.open(Path(sys.argv[1])), progress=progress)
"""


def test_a_sync_that_was_killed_is_completed_by_the_next(postgres: Postgres, tmp_path: Path) -> None:
    environment = os.environ | {"DSN": postgres.dsn("federation")}
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path / "m.db")], env=environment, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    store = MemoryStore.open(tmp_path / "m.db")
    done = sync(server(postgres, "federation"), store)
    assert done.added == ROWS - 120
    assert copied(store) == there(server(postgres, "federation"))
    store.close()


def test_it_works_behind_a_pgbouncer_and_writes_nothing(
    bouncer: Bouncer, database: Database, postgres: Postgres, store: MemoryStore
) -> None:
    name, db = database(filled=True)
    before = facts(db)
    one = Server(postgres.dsn(name, "owner", bouncer.port), timeout=20, vectors=MODEL)
    assert sync(one, store, embedder=Hashing(MODEL, DIM)).added == ROWS
    assert sync(one, store, top=10).gone == ROWS - 10
    assert facts(db) == before
