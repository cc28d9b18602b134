"""What goes wrong with a server, in our words: what, where, what to do.

libpq's own texts are never passed on: they may quote a part of the DSN, or of a row.
"""

from __future__ import annotations

from memory.contract import MemoryUnavailable
from memory.postgres.server import Server

#: By SQLSTATE, or its class (two characters).
_BY_STATE = {
    "57014": "took longer than the {timeout:g} s that it may. An index there makes it quicker",
    "42501": "does not let this user read {table}. Its owner has to GRANT SELECT ON {table} TO this user",
    "42P01": "has no table {table}. Name the table, and its schema, in the configuration",
    "3F000": "has no such schema. Name the table, and its schema, in the configuration",
    "28": "does not let this user in. Look at user and password in the DSN",
    "3D000": "has no such database. Look at the last part of the DSN",
    "53300": "has no connection free. Try again later, or ask for a PgBouncer before it",
    "57P": "is stopping or starting. It is asked again by itself",
    "08": "closed the connection. It is asked again by itself",
    "40001": "is a replica that ended the query to keep up with its primary. Try again",
    "25006": "refused a write, which was never meant: please report this",
}
#: What libpq says where there is no SQLSTATE: while connecting.
_BY_TEXT = (
    ("password authentication failed", "28"),
    ("no password supplied", "28"),
    ("authentication failed", "28"),
    ("auth failed", "28"),
    ("pg_hba.conf", "28"),
    ("no such user", "28"),
    ("role", "28"),
    ("no such database", "3D000"),
    ("database", "3D000"),
    ("connection slots", "53300"),
    ("too many", "53300"),
    ("starting up", "57P"),
    ("shutting down", "57P"),
)
_UNREACHED = "cannot be reached. Look whether it runs, and at host and port in the DSN"
SLOW = "did not answer within {timeout:g} s. Look at the network; it is asked again by itself"
BUSY = "is still answering this program's other questions. It is asked again by itself"
GONE = "08"


class ServerTrouble(MemoryUnavailable):
    """``why`` is what `unavailable` was given."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(text)
        self.why = why


def unavailable(server: Server, why: str, limit: float = 0.0) -> ServerTrouble:
    """``why`` as an error about ``server``: a SQLSTATE, or how a sentence goes on.

    ``limit`` is how long was waited, in seconds, where that is more than the server's timeout.
    """
    text = _BY_STATE.get(why) or _BY_STATE.get(why[:3]) or _BY_STATE.get(why[:2]) or why
    said = server.where
    told = text.format(timeout=max(server.timeout, limit), table=server.name)
    return ServerTrouble(f"{said[0].upper()}{said[1:]} {told}.", why)


def reason(error: BaseException, connecting: bool) -> str:
    """A SQLSTATE or sentence for `unavailable`, out of what psycopg raised."""
    state = getattr(error, "sqlstate", None)
    if isinstance(error, TimeoutError):
        return SLOW
    if state:
        known = any(part in _BY_STATE for part in (state, state[:3], state[:2]))
        return str(state) if known else f"refused a query (SQLSTATE {state})"
    if isinstance(error, UnicodeError):
        return "holds text that is no UTF-8. Its encoding has to be looked at there"
    text = str(error).lower()
    if connecting:
        if "timeout" in text:
            return SLOW
        return next((why for part, why in _BY_TEXT if part in text), _UNREACHED)
    told = type(error).__name__
    return GONE if told in ("OperationalError", "InterfaceError") else f"could not be read ({told})"
