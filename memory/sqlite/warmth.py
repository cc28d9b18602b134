"""What use and commands do to temperatures, within a transaction that the caller holds.

Our own rows get a new anchor. A federation's rows stay as they came; what is added to them is an overlay.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from memory.contract import BadMemory
from memory.record import Memory
from memory.sqlite.rows import SELECTED, WIDTH, memory_of
from memory.temperature import HOTTEST, clamped, faded, heat, reheated

#: A memory with its overlay, for `hot`; to be followed by a condition on ``m``.
WITH_OVERLAY = f"""
    SELECT {SELECTED}, o.added, o.at, m.seq
    FROM memory AS m LEFT JOIN access_overlay AS o ON o.memory = m.id
"""


def hot(row: tuple[Any, ...], now: float) -> tuple[Memory, float]:
    """The memory of a row of `WITH_OVERLAY` and its temperature at ``now``."""
    memory = memory_of(row)
    added, at = row[WIDTH : WIDTH + 2]
    left = 0.0 if added is None else faded(added, now - at, memory.sacred, memory.domain)
    return memory, heat(memory, now, left)


def use(db: sqlite3.Connection, ids: Iterable[str], conversation: str, now: float) -> None:
    """Reheat those of ``ids`` that this conversation has not used before; unknown ones are ignored."""
    for one in ids:
        row = db.execute(f"{WITH_OVERLAY} WHERE m.id = ?", (one,)).fetchone()
        if row is None:
            continue
        first = db.execute("INSERT OR IGNORE INTO used VALUES (?, ?, ?)", (one, conversation, now))
        if first.rowcount:
            memory, warmth = hot(row, now)
            _set(db, memory, reheated(warmth), now)
            db.execute(
                "UPDATE memory SET last_access = ?, access_count = access_count + 1 "
                "WHERE id = ? AND origin = 'local'",
                (now, one),
            )


def command(db: sqlite3.Connection, one: str, temperature: float, now: float) -> Memory:
    """Make ``one`` as hot as asked, 0 to 100. Raises `BadMemory`."""
    if not 0.0 <= temperature <= HOTTEST:
        raise BadMemory(f"memory {one}: a temperature is between 0 and 100, not {temperature}")
    row = db.execute(f"{WITH_OVERLAY} WHERE m.id = ?", (one,)).fetchone()
    if row is None:
        raise BadMemory(f"no memory {one!r}: it is none of this store")
    memory = memory_of(row)
    if memory.origin == "federation" and temperature < memory.temperature:
        raise BadMemory(
            f"memory {one}: it has {memory.temperature:.0f} on the server, and only the server cools it: "
            "forget hides it here"
        )
    _set(db, memory, temperature, now)
    return memory_of(db.execute(f"{WITH_OVERLAY} WHERE m.id = ?", (one,)).fetchone())


def _set(db: sqlite3.Connection, memory: Memory, temperature: float, now: float) -> None:
    if memory.origin == "local":
        db.execute(
            "UPDATE memory SET temperature = ?, anchor_at = ? WHERE id = ?",
            (clamped(temperature, memory.sacred), now, memory.id),
        )
        return
    db.execute(
        "INSERT INTO access_overlay VALUES (?, ?, ?) "
        "ON CONFLICT (memory) DO UPDATE SET added = excluded.added, at = excluded.at",
        (memory.id, max(0.0, temperature - heat(memory, now)), now),
    )
