"""The server's queue of work, and `tui memory` with a server that is really there."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from memory.contract import MemoryUnavailable
from memory.jobs import JobExtraction, job_from
from memory.postgres.queue import COLUMNS, queue_rows
from memory.postgres.source import Server
from tests.memory.postgres.conftest import ROWS, Database
from tests.memory.postgres.servers import PASSWORD, READER, Postgres, free_port
from tests.tui.program import Program
from tui.core.remembering import open_store


@pytest.fixture
def program(tmp_path: Path, postgres: Postgres) -> Program:
    """``tui`` on folders of its own, which knows the filled server."""
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "config").mkdir()
    variables = {"MODESHARE_EMBEDDER": "off", "MODESHARE_MEMORY_SERVER": postgres.dsn("federation")}
    return Program(tmp_path / "data", tmp_path / "config", variables)


def test_every_row_is_read_in_order_with_the_columns_that_are_there(
    postgres: Postgres, database: Database
) -> None:
    rows = list(queue_rows(Server(postgres.dsn("federation"), timeout=20)))
    assert [row["id"] for row in rows] == list(range(1, 61))
    assert {tuple(row) for row in rows} == {COLUMNS}
    work = JobExtraction(clean=str)
    list(work.done(map(job_from, rows)))
    assert work.tally.seen == 60
    assert {"not completed", "it has an error", "no proof of work"} <= set(work.tally.left_out)
    name, db = database()
    db.execute('CREATE SCHEMA "o""dd"')
    db.execute('CREATE TABLE "o""dd".jr_work_queue (id text PRIMARY KEY, title text, unknown int)')
    db.execute("INSERT INTO \"o\"\"dd\".jr_work_queue VALUES ('b', 'B', 1), ('a', NULL, 2)")
    db.execute('GRANT USAGE ON SCHEMA "o""dd" TO PUBLIC')
    db.execute('GRANT SELECT ON "o""dd".jr_work_queue TO PUBLIC')
    small = list(queue_rows(Server(postgres.dsn(name), schema='o"dd', timeout=20)))
    assert small == [{"id": "a", "title": None}, {"id": "b", "title": "B"}]


def test_a_server_without_a_queue_says_so(postgres: Postgres, database: Database) -> None:
    name, _ = database()
    with pytest.raises(MemoryUnavailable, match="no table jr_work_queue with an id") as refused:
        list(queue_rows(Server(postgres.dsn(name), timeout=20)))
    assert PASSWORD not in str(refused.value)


def test_a_queue_that_may_not_be_read_is_told_by_its_own_name(database: Database, postgres: Postgres) -> None:
    name, db = database(filled=True)
    db.execute(f"REVOKE ALL ON jr_work_queue FROM {READER}")
    with pytest.raises(MemoryUnavailable, match="GRANT SELECT ON jr_work_queue TO"):
        list(queue_rows(Server(postgres.dsn(name), timeout=20)))


def test_a_sync_brings_what_the_server_has_and_the_next_one_nothing(program: Program) -> None:
    first = program.run("memory", "sync")
    assert [first.code, first.traceback] == [0, False], first.err
    added = int(first.out.split()[0])
    assert 0.9 * ROWS < added <= ROWS
    assert PASSWORD not in first.out + first.err
    again = program.run("memory", "sync")
    assert again.out.startswith("0 added, 0 changed, 0 gone")
    found = json.loads(program.run("memory", "stats", "--json").out)
    assert found["origins"] == {"federation": added}
    fewer = program.run("memory", "sync", "--top", "50")
    assert fewer.out.startswith(f"0 added, 0 changed, {added - 50} gone")


def test_extraction_and_audit_read_the_queue_of_the_server(program: Program) -> None:
    said = program.run("memory", "audit", "--json")
    assert [said.code, json.loads(said.out)["jobs"]] == [0, 60], said.err
    coding = program.run("memory", "extract", "--domain", "coding")
    assert "60 rows of the queue (postgresql://reader:***@127.0.0.1:" in coding.err
    assert PASSWORD not in coding.err


def test_with_memories_on_postgres_the_server_is_searched(program: Program) -> None:
    said = program.run("memory", "search", "--json", "item7", MODESHARE_MEMORY="postgres")
    found: dict[str, Any] = json.loads(said.out)
    assert [said.code, len(found["memories"]) > 0] == [0, True], said
    assert not (program.data / "memories.sqlite3").exists()


def test_a_server_that_is_away_is_told_and_what_is_here_is_used(program: Program) -> None:
    with closing(open_store(program.data)) as store:
        store.add("The roof of the barn leaks.")
    server = f"postgresql://me:{PASSWORD}@127.0.0.1:{free_port()}/db"
    variables = {"MODESHARE_MEMORY": "postgres", "MODESHARE_MEMORY_SERVER": server}
    away = replace(program, variables=program.variables | variables)
    synced = away.run("memory", "sync")
    assert [synced.code, synced.out, synced.traceback] == [4, "", False]
    assert "cannot be reached" in synced.err
    searched = away.run("memory", "search", "barn roof")
    assert [searched.code, "The roof of the barn leaks." in searched.out] == [0, True]
    assert "What is here is searched." in searched.err
    audited = away.run("memory", "audit")
    assert [audited.code, "the queue was not read: " in audited.err] == [0, True]
    doctor = away.run("doctor", "--model", "/absent.gguf")
    (line,) = [line for line in doctor.out.splitlines() if "memory server" in line]
    assert line.startswith("BAD memory server")
    for one in (synced, searched, audited, doctor):
        assert PASSWORD not in one.out + one.err


def test_a_server_that_answers_is_told_by_the_doctor(program: Program) -> None:
    doctor = program.run("doctor", "--model", "/absent.gguf")
    (line,) = [line for line in doctor.out.splitlines() if "memory server" in line]
    assert line.startswith("ok  memory server  postgresql://reader:***@127.0.0.1:")
    assert line.endswith("table thermal_memory_archive: reachable")
