from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import psycopg
import pytest

from memory.contract import Source, Vector, Wanted
from memory.postgres.legs import settings
from memory.postgres.source import Server, ServerSource
from memory.temperature import stage_of
from tests.memory.postgres import table
from tests.memory.postgres.conftest import DIM, MODEL, ROWS, Database
from tests.memory.postgres.servers import READER, Bouncer, Postgres

ALL = Wanted(sacred=True)


def asked(number: int = 5, model: str = MODEL, dim: int = DIM) -> Vector:
    """A query near one of the table's embeddings."""
    return Vector(_embeddings(dim)[number], model)


@cache
def _embeddings(dim: int) -> list[Any]:
    return [row.embedding for row in table.rows(ROWS, dim) if row.embedding is not None]


def facts(db: psycopg.Connection[Any]) -> list[Any]:
    """Everything in the table, and what PostgreSQL counted as written."""
    db.execute("SELECT pg_stat_clear_snapshot()")
    content = db.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM {table.NAME} t").fetchone()
    counted = db.execute(
        "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables ORDER BY relname"
    ).fetchall()
    return [content, counted]


def test_by_vector_gives_the_exact_nearest_first(source: Source) -> None:
    query = asked()
    rows = [
        (number, row) for number, row in enumerate(table.rows(ROWS, DIM), 1)
        if row.embedding is not None and row.state != "retracted"
    ]  # fmt: skip
    best = sorted(rows, key=lambda one: -float(one[1].embedding @ query.values))[:10]  # type: ignore[operator]
    found = source.by_vector(query, ALL, 10)
    assert [one.memory.id for one in found] == [str(number) for number, _ in best]
    assert found[0].cosine == pytest.approx(1.0, abs=1e-5)
    assert found[0].vector is not None
    assert np.linalg.norm(found[0].vector) == pytest.approx(1.0, abs=1e-5)


def test_a_row_is_read_with_all_that_it_has(source: Source) -> None:
    row = next(row for row in table.rows(ROWS, DIM))
    (found,) = source.by_id(["1"], None)
    memory = found.memory
    assert memory.content == row.content
    assert memory.temperature == pytest.approx(row.temperature)
    assert memory.created_at == pytest.approx(table.seconds(row.created), abs=1e-3)
    assert (memory.domain, memory.origin, memory.kind) == (row.domain, "federation", "note")
    assert memory.tags == (row.tags or ())
    assert memory.provenance == "redfin/triad-1"
    assert memory.metadata == row.metadata


def test_the_stage_is_by_temperature_whatever_is_stored(source: Source) -> None:
    pairs = list(enumerate(table.rows(ROWS, DIM), 1))
    number, row = next(
        (number, row) for number, row in pairs
        if row.temperature is not None and row.stage != stage_of(row.temperature).upper().replace(" ", "_")
    )  # fmt: skip
    (found,) = source.by_id([str(number)], None)
    assert row.temperature is not None
    assert stage_of(found.heat) == stage_of(row.temperature)


def test_ids_come_in_the_order_they_were_asked_for_and_unknown_ones_are_left_out(source: Source) -> None:
    found = source.by_id(["7", "L1", "3", "no such", "99999999999999999999", "3"], None)
    assert [one.memory.id for one in found] == ["7", "3"]


def test_what_is_retracted_sacred_excluded_or_of_another_domain_is_no_candidate(source: Source) -> None:
    found = source.by_vector(asked(), Wanted(), 400)
    assert found
    assert not any(one.memory.sacred or one.memory.temporal_state == "retracted" for one in found)
    legal = source.by_vector(asked(), Wanted(("legal",)), 50)
    assert {one.memory.domain for one in legal} == {"legal"}
    less = source.by_vector(asked(), Wanted(excluded=frozenset({found[0].memory.id})), 400)
    assert [one.memory.id for one in less] == [one.memory.id for one in found[1:]]
    words = source.by_keyword("appeal rating", None, Wanted(("legal",)), 50)
    assert {one.memory.domain for one in words} == {"legal"}


@pytest.mark.parametrize("query", [asked(model="another"), Vector(asked().values[:32], MODEL)])
def test_vectors_of_another_model_or_length_are_never_compared(source: Source, query: Vector) -> None:
    assert source.by_vector(query, ALL, 5) == []
    assert all(
        one.cosine is None and one.vector is None for one in source.by_keyword("appeal", query, ALL, 5)
    )


def test_a_server_whose_model_is_not_named_is_searched_by_words_alone(postgres: Postgres) -> None:
    source = ServerSource.connect(Server(postgres.dsn("federation"), timeout=20))
    assert source.by_vector(asked(), ALL, 5) == []
    assert source.by_keyword("appeal", None, ALL, 5)
    source.close()


def test_the_rarest_word_counts_most_and_inflections_are_found(source: Source) -> None:
    (first, *_) = source.by_keyword("How was the claim of item42 decided?", asked(), ALL, 10)
    assert first.memory.content.startswith("item42 ")
    assert any("deploy" in one.memory.content for one in source.by_keyword("deployments", None, ALL, 5))
    assert any("ᏣᎳᎩ" in one.memory.content for one in source.by_keyword("ᏣᎳᎩ", None, ALL, 5))
    assert source.by_keyword("the of and", None, ALL, 5) == []
    assert source.by_keyword("'; DROP TABLE x; -- %s {} \\", None, ALL, 5) == []


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("what of the dogs?", ["1"]),
        ("any jobs?", ["2"]),
        ("what is she using?", ["3"]),
        ("who tries?", ["4"]),
        ("is it dry?", ["5"]),
        ("the 1990s", ["6"]),
        ("which policies?", ["7"]),
        ("a cat?", []),
    ],
)
def test_short_words_are_found_as_they_are_asked_for(
    database: Database, postgres: Postgres, question: str, found: list[str], indexed: bool
) -> None:
    name, db = database()
    texts = ["the dogs bark", "two jobs done", "using a saw", "he tries hard", "dry wells", "in the 1990s",
             "one policy for all", "catalogues and musings"]  # fmt: skip
    table.minimal(db, texts)
    if indexed:
        db.execute(f"CREATE INDEX ON {table.NAME} USING gin (to_tsvector('english', content))")
    source = ServerSource.connect(Server(postgres.dsn(name), timeout=20))
    assert (source.table().words is not None) == indexed
    assert [hit.memory.id for hit in source.by_keyword(question, None, ALL, 5)] == found
    source.close()


def test_a_keyword_candidate_knows_its_cosine(source: Source) -> None:
    query = asked()
    found = source.by_keyword("appeal", query, ALL, 50)
    known = [one for one in found if one.vector is not None and one.cosine is not None]
    assert 0 < len(known) < len(found), "some rows have no embedding"
    for one in known:
        assert one.cosine == pytest.approx(float(one.vector @ query.values), abs=1e-6)  # type: ignore[operator]


@pytest.mark.parametrize("index", [
    "USING gin (to_tsvector('english', original_content))",
    "USING gin (to_tsvector('english'::regconfig, original_content::text))",
])  # fmt: skip
def test_a_full_text_index_is_used_where_there_is_one(
    database: Database, postgres: Postgres, index: str
) -> None:
    name, db = database(filled=True)
    db.execute(f"CREATE INDEX ON {table.NAME} {index}")
    source = ServerSource.connect(Server(postgres.dsn(name), timeout=20))
    assert source.table().words is not None
    (first, *_) = source.by_keyword("item42 appeal", None, ALL, 5)
    assert first.memory.content.startswith("item42 ")
    source.close()


def test_where_all_rows_take_too_long_the_hottest_are_looked_through_and_it_is_said(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory.postgres.source._FIRST", 0.05)
    monkeypatch.setattr("memory.postgres.legs.by_words", _slow_at_first())
    source = ServerSource.connect(Server(postgres.dsn("federation"), timeout=20))
    assert list(source.notes) == []
    (first, *_) = source.by_keyword("item42 appeal", None, ALL, 5)
    assert first.memory.content.startswith("item42 ")
    assert "hottest" in source.notes[0]
    source.close()


def _slow_at_first() -> Any:
    from psycopg.sql import SQL

    from memory.postgres import legs

    real = legs.by_words

    def by_words(reader: Any, table: Any, begins: Any, wanted: Any, count: int, some: bool) -> Any:
        if not some:
            reader.rows(SQL("SELECT pg_sleep(5)"))
        return real(reader, table, begins, wanted, count, some)

    return by_words


def test_a_table_of_id_and_text_alone_is_enough(database: Database, postgres: Postgres) -> None:
    name, db = database()
    table.minimal(db, ["the council met by the river", "a worker waits in the queue"])
    source = ServerSource.connect(Server(postgres.dsn(name), timeout=20, vectors=MODEL))
    (found,) = source.by_keyword("queues", None, Wanted(), 5)
    assert (found.memory.id, found.heat, found.memory.sacred) == ("2", 50.0, False)
    assert source.by_vector(asked(), ALL, 5) == []
    assert source.by_keyword("queue", None, Wanted(("legal",)), 5) == [], "no row is of a domain"
    source.close()


def test_a_server_without_pgvector_is_searched_by_words(plain: Postgres) -> None:
    with plain.owner() as db:
        db.execute("CREATE DATABASE plain")
    with plain.owner("plain") as db:
        table.create(db, dim=None)
        db.execute(f"ALTER TABLE {table.NAME} DROP COLUMN embedding, ADD COLUMN embedding real[]")
        given = list(table.rows(60, 8, embedded=0.0))
        table.fill(db, given)
        db.execute(f"UPDATE {table.NAME} SET embedding = '{{3,4}}' WHERE id = 2")
        db.execute(f"GRANT SELECT ON {table.NAME} TO {READER}")
    source = ServerSource.connect(Server(plain.dsn("plain"), timeout=20, vectors=MODEL))
    query = Vector(np.array([0.6, 0.8], np.float32), MODEL)
    assert source.by_vector(query, ALL, 5) == []
    (first, *_) = source.by_keyword("item2", query, ALL, 5)
    assert first.cosine == pytest.approx(1.0)
    assert source.by_keyword("item42", None, ALL, 5)[0].memory.content.startswith("item42 ")
    source.close()


def test_odd_values_and_columns_of_other_types_are_read_as_far_as_they_go(
    database: Database, postgres: Postgres
) -> None:
    name, db = database()
    db.execute(
        "CREATE TABLE odd (id uuid, content varchar, temperature text, created_at timestamptz, tags jsonb,"
        " is_sacred int, metadata text, embedding halfvec(3), access_count numeric, last_accessed text)"
    )
    one, two, three = (f"00000000-0000-0000-0000-00000000000{number}" for number in (1, 2, 3))
    ansi = "\x1b[31mred\x1b[0m \u202eflow\u202c"
    db.execute(
        "INSERT INTO odd VALUES (%s, %s, '88.5', '2026-01-01 00:00+02', '[\"a\", 1]', 1, '[1]', '[0,2,0]', 3,"
        " '2026-01-02 03:04:05'), (%s, %s, 'hot', 'infinity', '3', 0, 'no json', '[0,0,0]', NULL,"
        " 'yesterday'),"
        " (%s, '  ', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        (one, ansi, two, "x" * 650_000 + " needle", three),
    )
    source = ServerSource.connect(Server(postgres.dsn(name), table="public.odd", timeout=20, vectors=MODEL))
    first, second = source.by_id([one, two, three], Vector(np.array([0, 1, 0], np.float32), MODEL))
    assert (first.memory.content, first.heat, first.memory.tags) == (ansi, 88.5, ("a",))
    assert (first.memory.sacred, first.memory.metadata) == (True, {"value": [1]})
    assert (first.memory.created_at, first.memory.last_access) == (1767218400.0, 1767323045.0)
    assert first.cosine == pytest.approx(1.0)
    assert (second.heat, second.memory.tags, second.memory.metadata) == (50.0, (), {"text": "no json"})
    assert second.cosine is None, "a vector without a length is near nothing"
    assert len(second.memory.content) == 650_007
    near = source.by_vector(Vector(np.array([0, 1, 0], np.float32), MODEL), ALL, 5)
    assert [hit.memory.id for hit in near] == [one]
    assert [hit.memory.id for hit in source.by_keyword("needle", None, ALL, 5)] == [two]
    source.close()


def test_every_id_that_64_bits_can_hold_is_found(database: Database, postgres: Postgres) -> None:
    name, db = database()
    largest, smallest = str(2**63 - 1), str(-(2**63))
    db.execute("CREATE TABLE wide (id bigint, text text)")
    db.execute("INSERT INTO wide VALUES (%s, 'needle'), (%s, 'hay')", (largest, smallest))
    source = ServerSource.connect(Server(postgres.dsn(name), table="wide", timeout=20))
    found = source.by_id([largest, smallest, str(2**63), "9" * 30], None)
    assert [one.memory.id for one in found] == [largest, smallest]
    assert [one.memory.id for one in source.by_keyword("needle", None, ALL, 5)] == [largest]
    vetoed = Wanted(excluded=frozenset([largest]))
    assert source.by_keyword("needle", None, vetoed, 5) == []
    source.close()


def test_a_time_that_no_calendar_has_is_none(database: Database, postgres: Postgres) -> None:
    name, db = database()
    db.execute("CREATE TABLE times (id int, text text, created bigint, last_access bigint)")
    db.execute("INSERT INTO times VALUES (1, 'x', 1770000000000000000, 1770000000)")
    source = ServerSource.connect(Server(postgres.dsn(name), table="times", timeout=20))
    (found,) = source.by_id(["1"], None)
    assert (found.memory.created_at, found.memory.last_access) == (0.0, 1770000000.0)
    source.close()


def test_who_may_read_some_columns_only_is_shown_what_they_hold(
    database: Database, postgres: Postgres
) -> None:
    name, db = database()
    db.execute("CREATE TABLE part (id int, text text, owner text)")
    db.execute("INSERT INTO part VALUES (1, 'a needle', 'somebody')")
    db.execute(f"REVOKE ALL ON part FROM {READER}")
    db.execute(f"GRANT SELECT (id, text) ON part TO {READER}")
    one = Server(postgres.dsn(name), table="part", timeout=20)
    source = ServerSource.connect(one)
    assert [hit.memory.id for hit in source.by_id(["1"], None)] == ["1"]
    assert [hit.memory.id for hit in source.by_keyword("needle", None, ALL, 5)] == ["1"]
    source.close()


def test_tags_that_no_reader_takes_are_none_and_cost_no_other_row(
    database: Database, postgres: Postgres
) -> None:
    name, db = database()
    db.execute("CREATE TABLE deep (id int, text text, tags text)")
    db.execute(
        "INSERT INTO deep VALUES (1, 'x', repeat('[', 100000)), (2, 'x', repeat('9', 5000)), (3, 'x', 'a')"
    )
    source = ServerSource.connect(Server(postgres.dsn(name), table="deep", timeout=20))
    found = source.by_id(["1", "2", "3"], None)
    assert [one.memory.id for one in found] == ["1", "2", "3"]
    assert found[2].memory.tags == ("a",)
    source.close()


def test_temperatures_that_are_none_or_out_of_range_stay_within_it(
    database: Database, postgres: Postgres
) -> None:
    name, db = database()
    db.execute("CREATE TABLE heat (id text, text text, temperature float8)")
    db.execute("INSERT INTO heat VALUES ('a','x','NaN'),('b','x',250),('c','x',-3),('d','x',NULL),"
               "('L7','x',1),"
               "(NULL,'x',1),('e','x','Infinity')")  # fmt: skip
    source = ServerSource.connect(Server(postgres.dsn(name), table="heat", timeout=20))
    found = source.by_id(["a", "b", "c", "d", "e", "L7"], None)
    assert [one.heat for one in found] == [0.0, 100.0, 0.0, 50.0, 100.0]
    assert all(math.isfinite(one.memory.temperature) for one in found)
    source.close()


def test_pgvector_in_a_schema_of_its_own_is_found(database: Database, postgres: Postgres) -> None:
    name, db = database(filled=True)
    db.execute("CREATE SCHEMA apart")
    db.execute("ALTER EXTENSION vector SET SCHEMA apart")
    db.execute(f"GRANT USAGE ON SCHEMA apart TO {READER}")
    source = ServerSource.connect(Server(postgres.dsn(name), timeout=20, vectors=MODEL))
    assert len(source.by_vector(asked(), ALL, 10)) == 10
    source.close()


def test_a_rare_domain_is_found_in_full_through_the_index(database: Database, postgres: Postgres) -> None:
    name, db = database(filled=True)
    db.execute(f"UPDATE {table.NAME} SET domain_tag = 'rare', sacred_pattern = false,"
               " temporal_state = 'current'"
               " WHERE id IN (SELECT id FROM thermal_memory_archive"
               " WHERE embedding IS NOT NULL ORDER BY id LIMIT 8)")  # fmt: skip
    db.execute(f"ALTER DATABASE {name} SET enable_seqscan = off")
    db.execute(f"ALTER DATABASE {name} SET enable_sort = off")
    source = ServerSource.connect(Server(postgres.dsn(name), timeout=20, vectors=MODEL))
    assert len(source.by_vector(asked(300), Wanted(("rare",)), 50)) == 8
    source.close()


@pytest.mark.parametrize("made", [True, False])
def test_an_index_of_the_embeddings_is_followed_where_there_is_one_and_many_rows(
    database: Database, postgres: Postgres, made: bool
) -> None:
    name, db = database(filled=True)
    if not made:
        db.execute(f"DROP INDEX {table.NAME}_embedding_idx")
        db.execute(f"CREATE INDEX ON {table.NAME} USING hnsw (embedding vector_l2_ops)")
    source = ServerSource.connect(Server(postgres.dsn(name), timeout=20, vectors=MODEL))
    assert source.table().indexed is made
    many = replace(source.table(), rows=1e6)
    assert ("enable_seqscan = off" in settings(many, 50)) is made
    assert "enable_seqscan = off" not in settings(source.table(), 50)
    assert len(source.by_vector(asked(), ALL, 10)) == 10
    source.close()


def test_it_works_behind_a_pgbouncer_in_transaction_mode(bouncer: Bouncer, postgres: Postgres) -> None:
    dsn = postgres.dsn("federation", port=bouncer.port)
    source = ServerSource.connect(Server(dsn, timeout=20, vectors=MODEL))
    for number in range(8):
        assert source.by_vector(asked(number), ALL, 5)[0].cosine == pytest.approx(1.0, abs=1e-5)
        assert source.by_keyword("item42", None, ALL, 5)[0].memory.content.startswith("item42 ")
    source.close()


def test_nothing_is_ever_written(database: Database, postgres: Postgres) -> None:
    name, db = database(filled=True)
    before = facts(db)
    # As the owner, who may write: what keeps him from it is how we ask.
    source = ServerSource.connect(Server(postgres.dsn(name, "owner"), timeout=20, vectors=MODEL))
    source.by_vector(asked(), ALL, 10)
    source.by_keyword("appeal", asked(), ALL, 10)
    source.by_id(["1"], None)
    source.note([("1", 0.5)], 3.0)
    source.close()
    assert facts(db) == before
