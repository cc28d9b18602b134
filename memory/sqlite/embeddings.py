"""Vectors in the table: put, missing, and those of some memories.

It must not know how vectors are searched.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Sequence

import numpy as np

from memory.contract import BadMemory, FloatArray, MemoryUnavailable, Vector

#: A row's length that is nearer to 0 than this has no direction.
_SMALLEST = 1e-6

_LACKING = """
    SELECT m.id, m.content FROM memory AS m
    WHERE m.recallable AND m.seq > coalesce((SELECT seq FROM memory WHERE id = :after), 0)
        AND NOT EXISTS (
            SELECT 1 FROM embeddings AS e
            WHERE e.model = (SELECT key FROM model WHERE name = :model) AND e.memory = m.seq
        )
    ORDER BY m.seq LIMIT :count
"""


def lacking(db: sqlite3.Connection, model: str, count: int, after: str | None) -> list[tuple[str, str]]:
    """(id, content) of ``count`` recallable memories after ``after`` that have no vector of ``model``."""
    return list(db.execute(_LACKING, {"after": after, "model": model, "count": count}))


def checked(model: str, ids: Sequence[str], vectors: FloatArray) -> FloatArray:
    """``vectors`` (len(ids), dim) with length 1. Raises `BadMemory`."""
    rows = np.asarray(vectors, np.float32)
    if rows.ndim != 2 or len(rows) != len(ids):
        raise BadMemory(f"vectors of {model}: {len(ids)} rows were expected, not shape {rows.shape}")
    if rows.size == 0:
        return rows
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise BadMemory(f"vectors of {model}: that of memory {ids[bad[0]]} holds NaN or infinity")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    short = np.flatnonzero(lengths < _SMALLEST)
    if len(short):
        raise BadMemory(f"vectors of {model}: that of memory {ids[short[0]]} has length 0")
    return np.ascontiguousarray(rows / lengths, np.float32)


def put(db: sqlite3.Connection, model: str, ids: Sequence[str], vectors: FloatArray) -> None:
    """Keep `checked` vectors; ids that are gone are ignored. Raises `BadMemory` for another dimension."""
    if not len(ids):
        return
    key, dim = _key(db, model, vectors.shape[1])
    if dim != vectors.shape[1]:
        raise BadMemory(
            f"vectors of {model}: {vectors.shape[1]} dimensions, and those kept have {dim}: "
            "give the other model another name"
        )
    db.executemany(
        "INSERT INTO embeddings (model, memory, vec) SELECT ?, seq, ? FROM memory WHERE id = ? "
        "ON CONFLICT (model, memory) DO UPDATE SET vec = excluded.vec",
        ((key, vector.tobytes(), one) for one, vector in zip(ids, vectors, strict=True)),
    )


def known(db: sqlite3.Connection, query: Vector) -> tuple[int, int] | None:
    """(key, dim) of the query's model, None when nothing has its vectors.

    Raises `MemoryUnavailable` for a query that cannot be compared.
    """
    found = db.execute("SELECT key, dim FROM model WHERE name = ?", (query.model,)).fetchone()
    if found is None:
        return None
    if query.values.shape != (found[1],) or not np.isfinite(query.values).all():
        raise MemoryUnavailable(
            f"vectors of {query.model}: a query of shape {query.values.shape}, or with NaN, cannot be "
            f"compared with {found[1]} dimensions: embed the memories again under another model name"
        )
    return int(found[0]), int(found[1])


def comparable(db: sqlite3.Connection, query: Vector | None) -> int | None:
    """The key of the query's model, None where nothing compares with it: words are found all the same."""
    if query is None:
        return None
    with contextlib.suppress(MemoryUnavailable):
        model = known(db, query)
        return None if model is None else model[0]
    return None


def of(db: sqlite3.Connection, key: int, seqs: Sequence[int]) -> dict[int, FloatArray]:
    """The vectors of these memories by the model of that key."""
    rows = db.execute(
        "SELECT memory, vec FROM embeddings WHERE model = ? AND memory IN (SELECT value FROM json_each(?))",
        (key, json.dumps(list(seqs))),
    )
    return {seq: np.frombuffer(blob, np.float32) for seq, blob in rows}


def _key(db: sqlite3.Connection, model: str, dim: int) -> tuple[int, int]:
    db.execute("INSERT OR IGNORE INTO model (name, dim) VALUES (?, ?)", (model, dim))
    key, kept = db.execute("SELECT key, dim FROM model WHERE name = ?", (model,)).fetchone()
    return int(key), int(kept)
