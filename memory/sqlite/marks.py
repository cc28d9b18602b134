"""Marks: how far a sync or an import has come, saved with what it has brought."""

from __future__ import annotations

import sqlite3


def put(db: sqlite3.Connection, mark: tuple[str, str] | None, now: float) -> None:
    """Save (name, value); None: nothing."""
    if mark is not None:
        db.execute(
            "INSERT INTO mark VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at",
            (*mark, now),
        )


def value(db: sqlite3.Connection, name: str) -> str | None:
    """What was last saved under ``name``."""
    found = db.execute("SELECT value FROM mark WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])


def time_of(db: sqlite3.Connection, name: str) -> float | None:
    """When it was saved, seconds since 1970."""
    found = db.execute("SELECT at FROM mark WHERE name = ?", (name,)).fetchone()
    return None if found is None else float(found[0])
