"""Numbers of memories to candidates: the memory, its heat now, its vector and cosine by the query's model."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from memory.contract import Candidate, Vector
from memory.sqlite import embeddings
from memory.sqlite.warmth import WITH_OVERLAY, hot


def of(
    db: sqlite3.Connection, seqs: Sequence[int], query: Vector | None, key: int | None, now: float
) -> list[Candidate]:
    """In the order of ``seqs``; ``key`` is the query's model in the table, None where it has no vectors."""
    given = json.dumps(list(seqs))
    found = {
        row[-1]: hot(row, now)
        for row in db.execute(f"{WITH_OVERLAY} WHERE m.seq IN (SELECT value FROM json_each(?))", (given,))
    }
    vectors = {} if query is None or key is None else embeddings.of(db, key, seqs)
    made = []
    for seq in seqs:
        if seq in found:
            vector = vectors.get(seq)
            cosine = None if vector is None or query is None else float(vector @ query.values)
            made.append(Candidate(*found[seq], cosine, vector))
    return made


def numbers(db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
    """The numbers of those of ``ids`` that are there."""
    rows = db.execute(
        "SELECT id, seq FROM memory WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )
    return dict(rows.fetchall())
