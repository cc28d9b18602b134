"""Answers whose program ended before they did.

It must not know why a program ended; it only asks whether the one that began an answer still runs.
"""

from __future__ import annotations

import os
import sqlite3
from typing import NamedTuple

from tui.core.store.schema import transaction

#: Start times are computed from the system clock, which may be corrected while a program runs (seconds).
CLOCK_SLACK = 2.0


class Owner(NamedTuple):
    """A process that no other can be taken for: a pid alone is used again after a while.

    ``started`` is seconds since the epoch.
    """

    pid: int
    started: float

    @staticmethod
    def this_process() -> Owner:
        import psutil

        return Owner(os.getpid(), psutil.Process().create_time())

    def alive(self) -> bool:
        import psutil

        try:
            process = psutil.Process(self.pid)
            return (
                process.status() != psutil.STATUS_ZOMBIE
                and abs(process.create_time() - self.started) < CLOCK_SLACK
            )
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True  # someone runs under that pid; its next start will tell


def end_abandoned_answers(db: sqlite3.Connection) -> None:
    """Make "streaming" answers of dead programs "interrupted" and let search find their text."""
    streaming = db.execute(
        "SELECT seq, content, owner_pid, owner_started FROM message WHERE status = 'streaming'"
    ).fetchall()
    dead = [row for row in streaming if not Owner(row["owner_pid"], row["owner_started"]).alive()]
    if not dead:
        return
    from tui.core.store.search import index

    with transaction(db):
        for row in dead:
            ended = db.execute(
                "UPDATE message SET status = 'interrupted' WHERE seq = ? AND status = 'streaming'",
                (row["seq"],),
            )
            if ended.rowcount:  # else another program, starting with us, has just done it
                index(db, row["seq"], row["content"])
