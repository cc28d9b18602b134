"""What a store holds, counted: by origin, stage and domain, vectors by model, bytes."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from memory.record import Memory, Origin
from memory.sqlite.opening import beside
from memory.temperature import Stage, faded, heat, stage_of


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of memories; ``domains`` has those without one under None.

    ``recallable`` are neither retracted, nor hidden, nor texts whose parts stand for them. ``models``: by
    name (vectors of those, dimensions). ``marks``: the newest time of the marks that have the same name up to
    its first colon, seconds since 1970. ``bytes``: all files of the store.
    """

    memories: int = 0
    recallable: int = 0
    hidden: int = 0
    origins: Mapping[Origin, int] = field(default_factory=dict)
    stages: Mapping[Stage, int] = field(default_factory=dict)
    domains: Mapping[str | None, int] = field(default_factory=dict)
    models: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    marks: Mapping[str, float] = field(default_factory=dict)
    recalls: int = 0
    bytes: int = 0


_WARM = """
    SELECT m.temperature, m.anchor_at, m.sacred, m.domain, m.origin, o.added, o.at, m.recallable
    FROM memory AS m LEFT JOIN access_overlay AS o ON o.memory = m.id
"""


def counted(db: sqlite3.Connection, path: Path | None, now: float) -> Stats:
    """The store at ``now``; reads every row."""
    origins: Counter[Origin] = Counter()
    stages: Counter[Stage] = Counter()
    domains: Counter[str | None] = Counter()
    recallable = 0
    for temperature, anchor, sacred, domain, origin, added, at, open_ in db.execute(_WARM):
        memory = Memory("", "", temperature, anchor, anchor, origin, sacred=bool(sacred), domain=domain)
        left = 0.0 if added is None else faded(added, now - at, bool(sacred), domain)
        stages[stage_of(heat(memory, now, left))] += 1
        origins[origin] += 1
        domains[domain] += 1
        recallable += open_
    models = db.execute(
        "SELECT name, (SELECT count(*) FROM embeddings AS e CROSS JOIN memory AS m ON m.seq = e.memory "
        "WHERE e.model = model.key AND m.recallable), dim FROM model ORDER BY name"
    )
    marks = db.execute(
        "SELECT CASE instr(name, ':') WHEN 0 THEN name ELSE substr(name, 1, instr(name, ':') - 1) END, "
        "max(at) FROM mark GROUP BY 1"
    )
    return Stats(
        memories=sum(origins.values()),
        recallable=recallable,
        hidden=hidden(db),
        origins=dict(origins),
        stages=dict(stages),
        domains=dict(domains),
        models={name: (count, dim) for name, count, dim in models},
        marks=dict(marks.fetchall()),
        recalls=db.execute("SELECT count(*) FROM retrieval_log").fetchone()[0],
        bytes=_bytes(db, path),
    )


def hidden(db: sqlite3.Connection) -> int:
    """Memories here that somebody has forgotten; it is kept in mind of those that are gone too."""
    found = db.execute("SELECT count(*) FROM hidden WHERE memory IN (SELECT id FROM memory)").fetchone()
    return int(found[0])


def _bytes(db: sqlite3.Connection, path: Path | None) -> int:
    if path is None:
        pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        return int(db.execute(pages).fetchone()[0])
    files = [path, beside(path, "-wal"), *path.parent.glob(f"{path.name}.vectors-*")]
    return sum(file.stat().st_size for file in files if file.exists())
