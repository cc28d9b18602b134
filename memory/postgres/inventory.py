"""What is on the server by now: every row's id, how hot it is, and a sum over the rest of it.

Read with a server-side cursor in one transaction: it is of one moment. It must not know the local store.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory.postgres.mapping import expressions
from memory.postgres.rows import FIELDS
from memory.postgres.server import Server
from memory.postgres.trouble import unavailable

if TYPE_CHECKING:
    from memory.postgres.mapping import Table
    from memory.postgres.pool import Reader

#: What daemons change all the time: sent as it is, because a row need not be sent again for it.
PASSING = ("temperature", "accessed", "accesses")
_FETCHED = 5_000
_UNKNOWN = (
    "does not say which server it is, and a copy is of one only. Its owner has to"
    " GRANT EXECUTE ON FUNCTION pg_control_system() TO this user"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: ``sum`` is the MD5 of all but `PASSING`; ``passing``, ``created`` are as they were sent."""

    id: str
    sum: str
    created: float | str | None
    passing: tuple[float | str | None, ...]


def inventory(reader: Reader, table: Table, top: int | None) -> Iterator[Entry]:
    """Every row that has an id and a text, or the ``top`` hottest, in any order."""
    from psycopg.sql import SQL, Identifier, Literal

    made = expressions(table)
    lasting = [made[name] for name in FIELDS if name not in PASSING]
    passing = [made[name] for name in PASSING]
    source = SQL("SELECT {} FROM {} WHERE {} IS NOT NULL AND {} ~ '[^[:space:]]'").format(
        table.known(), table.source(), made["id"], Identifier(table.columns["content"][0])
    )
    if top is not None:
        hottest = SQL(" ORDER BY {} DESC, {} LIMIT {}")
        source += hottest.format(made["temperature"], made["id"], Literal(max(0, top)))
    reader.rows(
        SQL(
            "DECLARE kept NO SCROLL CURSOR FOR SELECT {}, md5(ROW({})::text), {}, {} FROM ({}) AS listed"
        ).format(made["id"], SQL(", ").join(lasting), made["created"], SQL(", ").join(passing), source)
    )
    while rows := reader.rows(SQL("FETCH FORWARD {} FROM kept").format(Literal(_FETCHED))):
        for one, total, created, *rest in rows:
            yield Entry(one, total, created, tuple(rest))


def identity(reader: Reader, server: Server, table: Table) -> str:
    """Which server's table this is, however it was reached: one that was copied is another.

    Raises `MemoryUnavailable` where this user may not ask.
    """
    from psycopg.sql import SQL

    if not reader.rows(SQL("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')"))[0][0]:
        raise unavailable(server, _UNKNOWN)
    system = reader.rows(SQL("SELECT system_identifier::text FROM pg_control_system()"))[0][0]
    return f"{system}/{table.database}/{table.schema}.{table.name}"
