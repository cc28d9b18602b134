"""Which server and table is meant, and how that may be told: the password is in nothing that is printed."""

from __future__ import annotations

import getpass
import os
import re
from dataclasses import dataclass, field

from memory.contract import MemoryUnavailable

_TELLABLE = re.compile(r"[\w.:/\[\], -]{1,200}")
_VARIABLES = {"host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "dbname": "PGDATABASE"}
#: What a service file could fill in beside a DSN.
_WHO = ("host", "hostaddr", "port", "dbname", "user", "password", "passfile", "sslmode", "options")


@dataclass(frozen=True, slots=True)
class Server:
    """A table of memories on a server. ``dsn`` None takes the `PG*` variables, which count for nothing else.

    ``timeout`` is what one call may take, in seconds. ``vectors`` names the model that made the table's
    embeddings, as `Embedder.model` does; without it they are never searched.
    """

    dsn: str | None = field(default=None, repr=False)
    table: str = "thermal_memory_archive"
    schema: str | None = None
    timeout: float = 2.0
    vectors: str | None = None

    @property
    def name(self) -> str:
        """The table, with its schema where one is given."""
        return f"{self.schema}.{self.table}" if self.schema else self.table

    @property
    def where(self) -> str:
        """``host:port/database`` where that can be told without a part of a password in it."""
        from psycopg import Error
        from psycopg.conninfo import conninfo_to_dict

        try:
            given = conninfo_to_dict(self.dsn or "")
        except Error:
            return "the memory server"
        said = {name: str(given.get(name) or "") for name in _VARIABLES}
        if self.dsn is None:
            said = {name: os.environ.get(variable, "") for name, variable in _VARIABLES.items()}
        host = said["host"] or said["hostaddr"] or "localhost"
        told = f"{host}:{said['port'] or 5432}/{said['dbname']}".rstrip("/")
        # A password with an @ in it that is not escaped becomes a part of the host.
        odd = (self.dsn or "").count("@") > 1 or not _TELLABLE.fullmatch(told)
        return "the memory server" if odd else f"the memory server {told}"


def parameters(server: Server) -> dict[str, str]:
    """What libpq is given. Raises `MemoryUnavailable` for a DSN that cannot be read, without quoting it."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    given: dict[str, str] | None
    try:
        read = conninfo_to_dict(server.dsn or "")
        given = {name: str(value) for name, value in read.items() if value is not None}
    except ProgrammingError:  # its text quotes the DSN
        given = None
    if given is None:
        raise MemoryUnavailable(
            "The memory server's DSN cannot be read. Write postgresql://user:password@host:port/database,"
            " with / @ : ? # in a password as %2F %40 %3A %3F %23."
        )
    own = {"application_name": "modeshare"} | given | {"client_encoding": "utf8"}
    return own if server.dsn is None else _unset() | own


def _unset() -> dict[str, str]:
    """What libpq would take from the environment, as it would be without it."""
    from psycopg.pq import Conninfo

    found = {}
    for option in Conninfo.get_defaults():
        name, variable = option.keyword.decode(), (option.envvar or b"").decode()
        serviced = "PGSERVICE" in os.environ and name in _WHO
        # An empty service would be looked for, and not found.
        if name != "service" and (variable in os.environ or serviced):
            found[name] = getpass.getuser() if name == "user" else (option.compiled or b"").decode()
    return found
