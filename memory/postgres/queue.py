"""Rows of the server's queue of work, read for training. Never writes, must not know what comes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from memory.postgres.pool import Pool
from memory.postgres.server import Server
from memory.postgres.trouble import unavailable

#: What is asked for, as far as the table has it.
COLUMNS = (
    "id", "title", "instruction_content", "instruction_file", "result", "status", "artifacts",
    "error_message", "completed_at",
)  # fmt: skip
_LISTED = """
SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""
_FETCHED = 500
#: What one statement may take, in seconds: nobody waits for an answer here.
_LIMIT = 60.0


def queue_rows(server: Server, table: str = "jr_work_queue") -> Iterator[dict[str, Any]]:
    """Each row by column name, in the order of ids, in the schema of the ``server``'s table of memories.

    Read some at a time, all of one moment. Raises `MemoryUnavailable`, also where there is no such table.
    """
    from psycopg.sql import SQL, Identifier, Literal

    server = replace(server, table=table)  # which is the one that is told of
    pool = Pool(server)
    try:
        with pool.reading(_LIMIT) as reader:
            name = ".".join(_quoted(one) for one in (server.schema, table) if one)
            there = {row[0] for row in reader.rows(SQL(_LISTED), (name,))}
            if "id" not in there:
                raise unavailable(server, f"has no table {table} with an id: there is no queue to learn from")
            source = Identifier(server.schema, table) if server.schema else Identifier(table)
            wanted = [one for one in COLUMNS if one in there]
            listed = SQL(", ").join(map(Identifier, wanted))
            query = SQL("DECLARE work NO SCROLL CURSOR FOR SELECT {} FROM {} ORDER BY id")
            reader.rows(query.format(listed, source))
            while rows := reader.rows(SQL("FETCH FORWARD {} FROM work").format(Literal(_FETCHED))):
                for row in rows:
                    yield dict(zip(wanted, row, strict=True))
    finally:
        pool.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
