"""A row of the server's table as a `Memory`. It must not know how rows are found."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from memory.contract import FloatArray
from memory.postgres.mapping import expressions
from memory.record import BEYOND, FIRST, Memory, TemporalState, content_hash

if TYPE_CHECKING:
    from psycopg.sql import Composable

    from memory.postgres.mapping import Table

#: What is selected of a row, in this order; the embedding comes after, where it is wanted.
FIELDS = (
    "id", "content", "temperature", "created", "accessed", "accesses", "sacred", "domain", "tags", "kind",
    "state", "stale", "canonical", "superseded", "parent", "chunk", "node", "triad", "session", "metadata",
)  # fmt: skip
_STATES = ("current", "superseded", "historical", "retracted")
#: What our own memories are called; a server's row of such an id would take one's place.
OURS = re.compile(r"L\d+")


def selected(table: Table, vectors: bool = False) -> Composable:
    """The list of a SELECT: `FIELDS`, and the embedding as it is sent in binary if ``vectors``."""
    from psycopg.sql import SQL, Identifier

    made = expressions(table)
    columns = [made[name] for name in FIELDS]
    if vectors and table.searched:
        assert table.vector is not None
        columns.append(SQL("{}::{}").format(Identifier(table.columns["embedding"][0]), kind(table, "vector")))
    elif vectors and "embedding" in table.columns:
        columns.append(SQL("{}::float4[]").format(Identifier(table.columns["embedding"][0])))
    elif vectors:
        columns.append(SQL("NULL::text"))
    return SQL(", ").join(columns)


def kind(table: Table, name: str) -> Composable:
    """One of pgvector's types, in the schema where it is."""
    from psycopg.sql import Identifier

    return Identifier(table.vector or "public", name)


def to_memory(row: Sequence[Any]) -> Memory | None:
    """The memory of a row of `FIELDS`; None without an id, without a text, or with an id like our own."""
    got = dict(zip(FIELDS, row, strict=False))
    if got["id"] is None or OURS.fullmatch(got["id"]) or not (got["content"] or "").strip():
        return None
    created, accessed = seconds(got["created"]), seconds(got["accessed"])
    return Memory(
        id=got["id"], content=got["content"], temperature=got["temperature"],
        anchor_at=accessed or created or 0.0, created_at=created or 0.0, origin="federation",
        hash=content_hash(got["content"]), last_access=accessed, access_count=max(0, got["accesses"] or 0),
        sacred=got["sacred"], domain=got["domain"] or None, tags=_tags(got["tags"]), kind=got["kind"] or None,
        temporal_state=_state(got["state"], got["stale"]), canonical=got["canonical"],
        superseded_by=got["superseded"] or None, parent=got["parent"] or None, chunk=got["chunk"],
        provenance="/".join(got[name] for name in ("node", "triad", "session") if got[name]) or None,
        metadata=_metadata(got["metadata"]),
    )  # fmt: skip


def unit(value: Any, dim: int) -> FloatArray | None:
    """An embedding of length 1 out of what was sent; None unless it has ``dim`` numbers and a length."""
    if isinstance(value, bytes):
        # pgvector's binary form: the dimension, nothing, then the numbers, big-endian.
        values = np.frombuffer(value, ">f4", offset=4).astype(np.float32)
    elif isinstance(value, list) and None not in value:
        values = np.asarray(value, np.float32).reshape(-1)
    else:
        return None
    with np.errstate(all="ignore"):
        length = float(np.linalg.norm(values.astype(np.float64)))
    if values.shape != (dim,) or not math.isfinite(length) or length == 0.0:
        return None
    return cast(FloatArray, (values / np.float32(length)).astype(np.float32))


def seconds(value: float | str | None) -> float | None:
    """A time as it was sent: a number, or a text that may be a date; None for what no calendar has."""
    if isinstance(value, str):
        try:
            read = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        value = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    return value if value is not None and FIRST <= value < BEYOND else None


def _tags(value: list[Any] | str | None) -> tuple[str, ...]:
    listed = _listed(value) if isinstance(value, str) else value or []
    # An array of several dimensions comes as lists of lists.
    return tuple(tag for tag in listed if isinstance(tag, str))


def _listed(text: str) -> list[str]:
    """Tags that are JSON, an array's text, or separated by commas."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        read = [part.strip().strip('"') for part in text.strip().strip("{}").split(",")]
    parts = read if isinstance(read, list) else [read]
    return [part for part in parts if isinstance(part, str) and part]


def _state(value: str | None, stale: bool) -> TemporalState:
    known = (value or "").strip().lower()
    state = cast(TemporalState, known if known in _STATES else "current")
    return "historical" if stale and state == "current" else state


def _metadata(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return {"text": text}
    if read is None:
        return {}
    return read if isinstance(read, dict) else {"value": read}
