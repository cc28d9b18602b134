"""What goes on beside recalls, each in its own process: a table is edited and synced, files are imported.

All of it goes on until a file ``stop`` is there, in the middle of a sync or an import too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.federation import NAME
from benchmarks.memory import DIM, MODEL, Texts
from memory.contract import FloatArray, MemoryTrouble
from memory.importing.run import import_path
from memory.postgres.server import Server
from memory.redaction import redacted
from memory.sqlite.store import MemoryStore
from memory.sync import sync

#: Rows in one turn of the daemons: new, written anew, deleted; and those that only cool.
TOUCHED, COOLED = 10, 100
#: Lines of an imported file that are new, and that were in one before.
NEW, KNOWN = 50, 200
#: Seconds between two turns, and between two imports: what is here would grow too quickly.
REST = 0.5


@dataclass
class Did:
    """``rounds`` of which each did something to ``rows``; ``errors`` in the order in which they came."""

    rounds: int = 0
    rows: int = 0
    errors: list[str] = field(default_factory=list)


class Drawn:
    """An embedder whose vectors are random."""

    model, dim = MODEL, DIM

    def __init__(self, seed: int) -> None:
        self._texts = Texts(seed)

    def embed(self, texts: Sequence[str], query: bool = False) -> FloatArray:
        """As many as there are texts."""
        return self._texts.vectors(len(texts))


class Stopped(Exception):
    """Enough."""


def edit(dsn: str, stop: Path) -> Did:
    """Insert, rewrite, cool and delete rows, as daemons do."""
    did, texts = Did(), Texts(11)
    with psycopg.connect(dsn, autocommit=True) as db:
        while not stop.exists():
            did.rows += _turn(db, texts)
            did.rounds += 1
            time.sleep(REST)
    return did


def _turn(db: psycopg.Connection[Any], texts: Texts) -> int:
    """The rows that were touched."""
    (newest,) = db.execute(f"SELECT max(id) FROM {NAME}").fetchone() or (0,)
    ids = [int(one) for one in texts.dice.integers(1, newest, 2 * TOUCHED + COOLED)]
    for _ in range(TOUCHED):
        db.execute(
            f"INSERT INTO {NAME} (memory_hash, original_content, temperature_score, created_at, domain_tag)"
            " VALUES (md5(random()::text), %s, 100 * random(), now(), 'research')",
            [texts.text()],
        )
    touched = TOUCHED
    for one in ids[:TOUCHED]:
        rewritten = f"UPDATE {NAME} SET original_content = %s, embedding = NULL WHERE id = %s"
        touched += db.execute(rewritten, [texts.text(), one]).rowcount
    gone = db.execute(f"DELETE FROM {NAME} WHERE id = ANY(%s)", [ids[TOUCHED : 2 * TOUCHED]])
    cooled = f"UPDATE {NAME} SET temperature_score = 100 * random(), last_access = now() WHERE id = ANY(%s)"
    return touched + gone.rowcount + db.execute(cooled, [ids[2 * TOUCHED :]]).rowcount


def synchronise(dsn: str, path: Path, stop: Path) -> Did:
    """Sync the store at ``path`` with the server again and again."""
    did, embedder = Did(), Drawn(12)

    def watch(_what: str, _done: int, _of: int) -> None:
        if stop.exists():
            raise Stopped

    store = MemoryStore.open(path, redact=redacted)
    while not stop.exists():
        try:
            done = sync(Server(dsn, timeout=20, vectors=MODEL), store, embedder=embedder, progress=watch)
        except MemoryTrouble as error:
            did.errors.append(f"sync: {error}")
            continue
        except Stopped:
            break
        did.rounds += 1
        did.rows += done.added + done.changed + done.gone
        did.errors += [f"sync: {note}" for note in done.notes]
    store.close()
    return did


def import_files(folder: Path, path: Path, stop: Path) -> Did:
    """Import one new JSONL file of ``folder`` after the other into the store at ``path``."""
    did, texts = Did(), Texts(13)
    known: list[str] = []
    store = MemoryStore.open(path, redact=redacted)
    for number in count():
        if stop.exists():
            break
        new = [texts.text() for _ in range(NEW)]
        again = [known[at] for at in texts.dice.integers(0, len(known), KNOWN)] if known else []
        file = folder / f"{number}.jsonl"
        file.write_text("".join(json.dumps({"content": text}) + "\n" for text in [*again, *new]))
        known += new
        try:
            done = import_path(store, file, progress=lambda _: not stop.exists())
        except MemoryTrouble as error:
            did.errors.append(f"import: {error}")
            continue
        did.rounds += 1
        did.rows += done.counts.added
        time.sleep(REST)
    store.close()
    return did
