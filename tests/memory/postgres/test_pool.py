from __future__ import annotations

import logging
import signal
import socket
import threading
import time
import traceback
from contextlib import ExitStack
from pathlib import Path

import pytest
from psycopg.sql import SQL

from memory.contract import MemoryUnavailable, Wanted
from memory.postgres.pool import Pool
from memory.postgres.source import Server, ServerSource
from tests.memory.postgres.conftest import Database
from tests.memory.postgres.servers import PASSWORD, Bouncer, Postgres, free_port


def trouble(server: Server) -> str:
    """What is said when ``server`` is asked; looked through for the password, in locals too."""
    source = ServerSource.connect(server)
    with pytest.raises(MemoryUnavailable) as caught:
        source.by_keyword("appeal", None, Wanted(), 5)
    source.close()
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    everything = "".join(told.format()) + repr(server) + repr(caught.value)
    assert PASSWORD not in everything
    assert "w0rd" not in everything
    return str(caught.value)


def test_no_server_is_said_at_once_and_a_later_one_is_found(postgres: Postgres) -> None:
    said = trouble(Server(postgres.dsn(port=free_port()), timeout=30))
    assert "127.0.0.1" in said
    assert "cannot be reached" in said


def test_a_wrong_password_is_said(postgres: Postgres) -> None:
    dsn = postgres.dsn("federation").replace(PASSWORD, f"x{PASSWORD}")
    assert "does not let this user in" in trouble(Server(dsn, timeout=30))


def test_a_wrong_password_is_said_behind_a_pgbouncer_too(bouncer: Bouncer, postgres: Postgres) -> None:
    dsn = postgres.dsn("federation", port=bouncer.port).replace(PASSWORD, f"x{PASSWORD}")
    assert "does not let this user in" in trouble(Server(dsn, timeout=30))


def test_no_such_database_and_no_such_table_are_said(postgres: Postgres) -> None:
    assert "no such database" in trouble(Server(postgres.dsn("nowhere"), timeout=30))
    assert "has no table nothing" in trouble(Server(postgres.dsn("federation"), table="nothing", timeout=30))
    assert "has no table x.nothing" in trouble(Server(postgres.dsn("federation"), "nothing", "x", 30))


def test_no_permission_and_no_text_column_are_said(database: Database, postgres: Postgres) -> None:
    name, db = database()
    db.execute("CREATE TABLE secret (id int, content text)")
    db.execute("REVOKE ALL ON secret FROM public, reader")
    db.execute("CREATE TABLE wordless (id int, colour point)")
    assert "GRANT SELECT ON secret" in trouble(Server(postgres.dsn(name), table="secret", timeout=30))
    said = trouble(Server(postgres.dsn(name), table="wordless", timeout=30))
    assert "no column in wordless that is the text" in said
    assert "colour" in said


def test_a_replica_that_ends_a_query_to_keep_up_says_that_it_can_be_tried_again(
    database: Database, postgres: Postgres
) -> None:
    name, db = database()
    db.execute(
        "CREATE FUNCTION late() RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE 'canceling statement due to conflict with recovery' USING ERRCODE = '40001'; END $$"
    )
    pool = Pool(Server(postgres.dsn(name), timeout=30))
    with (
        pytest.raises(MemoryUnavailable, match=r"keep up with its primary\. Try again"),
        pool.reading() as reader,
    ):
        reader.rows(SQL("SELECT late()"))
    pool.close()


@pytest.mark.parametrize("dsn", [
    f"postgresql://u:{PASSWORD}@h:bad port/db", f"postgresql//u:{PASSWORD}@h", f"host=h password='{PASSWORD}",
    f"postgresql://u:a@{PASSWORD}@127.0.0.1:1/db", f"postgresql://u:{PASSWORD}/x@127.0.0.1/db",
    f"postgresql://u:{PASSWORD}#x@127.0.0.1:1/db",
])  # fmt: skip
def test_a_dsn_that_is_wrong_is_never_quoted(dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        trouble(Server(dsn, timeout=2))
    assert "w0rd" not in caplog.text


def test_variables_count_only_without_a_dsn(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"HOST": "127.0.0.1", "PORT": str(postgres.port), "USER": "reader", "PASSWORD": PASSWORD}
    for name, value in (given | {"DATABASE": "federation"}).items():
        monkeypatch.setenv(f"PG{name}", value)
    source = ServerSource.connect(Server(timeout=30))
    assert source.by_id(["1"], None)
    source.close()
    without = f"postgresql://reader@127.0.0.1:{postgres.port}/federation"
    assert "does not let this user in" in trouble(Server(without, timeout=30))
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=nowhere")
    source = ServerSource.connect(Server(postgres.dsn("federation"), timeout=30))
    assert source.by_id(["1"], None)
    source.close()


def test_a_connection_that_died_in_the_pool_is_passed_over(postgres: Postgres) -> None:
    source = ServerSource.connect(Server(postgres.dsn("federation"), timeout=30))
    assert source.by_id(["1"], None)
    with postgres.owner() as db:
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
    assert source.by_id(["1"], None)
    source.close()


def test_a_connection_killed_in_mid_query_is_an_error_and_the_next_call_connects_again(
    postgres: Postgres,
) -> None:
    pool = Pool(Server(postgres.dsn("federation"), timeout=30))
    killing = threading.Thread(target=_kill_sleeper, args=(postgres,))
    killing.start()
    with pytest.raises(MemoryUnavailable, match="asked again"), pool.reading() as reader:
        reader.rows(SQL("SELECT pg_sleep(60)"))
    killing.join()
    with pool.reading() as reader:
        assert reader.rows(SQL("SELECT 1")) == [(1,)]
    pool.close()


def _kill_sleeper(postgres: Postgres) -> None:
    with postgres.owner() as db:
        until = time.monotonic() + 30
        find = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
        while time.monotonic() < until and not db.execute(find).fetchall():
            time.sleep(0.02)


def test_a_server_that_is_killed_and_comes_back_is_found_again(tmp_path: Path, postgres: Postgres) -> None:
    source = ServerSource.connect(Server(postgres.dsn("federation"), timeout=30))
    assert source.by_id(["1"], None)
    postgres.signal(signal.SIGQUIT)
    with pytest.raises(MemoryUnavailable):
        for _ in range(1000):
            source.by_id(["1"], None)
            time.sleep(0.01)
    postgres.stop("immediate")
    postgres.start()
    assert source.by_id(["1"], None)
    source.close()


def test_a_statement_that_takes_too_long_is_ended_by_the_server(postgres: Postgres) -> None:
    pool = Pool(Server(postgres.dsn("federation"), timeout=0.5))
    with (
        pytest.raises(MemoryUnavailable, match=r"the 3 s that it may\. An index there"),
        pool.reading(3) as reader,
    ):
        reader.rows(SQL("SELECT pg_sleep(60)"))
    with pool.reading(30) as reader:
        assert reader.rows(SQL("SELECT 1")) == [(1,)]
    pool.close()


def test_a_server_that_takes_a_call_and_never_answers_holds_nobody_up_twice() -> None:
    now = [0.0]
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        pool = Pool(Server(f"postgresql://u:p@127.0.0.1:{port}/d", timeout=0.3), lambda: now[0])
        with pytest.raises(MemoryUnavailable, match="did not answer"), pool.reading():
            pass
    # It is gone by now, and nobody has looked.
    with pytest.raises(MemoryUnavailable, match="did not answer"), pool.reading():
        pass
    now[0] = 60.0
    with pytest.raises(MemoryUnavailable), pool.reading():
        pass
    pool.close()


def test_many_questions_at_once_are_not_taken_for_a_silent_server(postgres: Postgres) -> None:
    pool = Pool(Server(postgres.dsn("federation"), timeout=0.3))
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(pool.reading(30))
        with pytest.raises(MemoryUnavailable, match="still answering this program's other"), pool.reading():
            pass
    with pool.reading(30) as reader:
        assert reader.rows(SQL("SELECT 1")) == [(1,)]
    pool.close()


def test_a_write_is_refused_by_the_server_whoever_asks(database: Database, postgres: Postgres) -> None:
    name, db = database()
    db.execute("CREATE TABLE theirs (id int)")
    pool = Pool(Server(postgres.dsn(name, "owner"), timeout=30))
    for write in ("INSERT INTO theirs VALUES (1)", "DROP TABLE theirs", "CREATE TABLE ours (id int)"):
        with pytest.raises(MemoryUnavailable, match="refused a write"), pool.reading() as reader:
            reader.rows(SQL(write))
    pool.close()
    assert db.execute("SELECT count(*) FROM theirs").fetchone() == (0,)


def test_no_setting_stays_behind_for_others_of_a_pgbouncer(bouncer: Bouncer, postgres: Postgres) -> None:
    pool = Pool(Server(postgres.dsn("federation", port=bouncer.port), timeout=30))
    for _ in range(4):
        with pool.reading(local=["work_mem = '1MB'"]) as reader:
            assert reader.rows(SQL("SHOW transaction_read_only")) == [("on",)]
    pool.close()
    import psycopg

    with psycopg.connect(postgres.dsn("federation", port=bouncer.port), prepare_threshold=None) as db:
        assert db.execute("SHOW statement_timeout").fetchone() == ("0",)
        assert db.execute("SHOW transaction_read_only").fetchone() == ("off",)
