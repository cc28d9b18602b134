"""The SQL of docs/deploy.md does on a real server what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from memory.contract import Wanted
from memory.postgres.source import Server, ServerSource
from tests.memory.postgres.conftest import MODEL, ROWS, Database
from tests.memory.postgres.servers import PASSWORD, Postgres

PAGE = Path(__file__).parents[3] / "docs/deploy.md"


def test_the_role_reads_by_both_indexes_and_can_do_nothing_else(
    postgres: Postgres, database: Database
) -> None:
    name, db = database(filled=True)
    (sql,) = re.findall(r"^```sql\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    for one in sql.replace("'...'", f"'{PASSWORD}'").replace("federation", name).split(";"):
        if one.strip():
            db.execute(one)
    source = ServerSource.connect(Server(postgres.dsn(name, "modeshare"), timeout=20, vectors=MODEL))
    try:
        assert source.table().indexed
        assert "to_tsvector" in str(source.table().words)
        assert source.by_keyword("appeal rating", None, Wanted(), 10)
    finally:
        source.close()
    with psycopg.connect(postgres.dsn(name, "modeshare")) as reader:
        assert reader.execute("SELECT count(*) FROM thermal_memory_archive").fetchone() == (ROWS,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("DELETE FROM thermal_memory_archive")
