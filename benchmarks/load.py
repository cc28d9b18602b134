"""Recalls while others write: ``python -m benchmarks.load [--minutes 5] [--rows 20000]``.

50 questions a second are asked of a local store, each when it is due, however late those before (waiting
counts too), while other processes sync the store with a PostgreSQL 16 whose table is edited all the time, and
import files into it. Afterwards everything that has to be in the store is looked for: the exit code is 1 if
anything failed or is missing. Questions have random vectors: the embedding is not in the figures. Ctrl-C
ends it and removes what it made.
"""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import sys
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil

from benchmarks import federation, pressure
from benchmarks.asking import RATE, Asked, Prepared, ask
from benchmarks.kept import missing
from benchmarks.memory import DIM, MODEL, Texts
from benchmarks.pressure import Did, Drawn
from benchmarks.report import say
from memory.importing.run import import_path
from memory.postgres.server import Server
from memory.recall.recall import Recall
from memory.redaction import redacted
from memory.sqlite.store import MemoryStore
from memory.sync import sync

#: Seconds that a question waits for its vector: on a busy machine a thread may start late.
PATIENCE = 60.0


def did(what: str, future: Future[Did]) -> Did:
    """What a process did; that it died is an error."""
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - whatever it was is told
        return Did(errors=[f"{what}: {error!r}"])


def measure(folder: Path, minutes: float, rows: int) -> bool:
    """Print the table; whether all went well."""
    path, files, stop = folder / "memories.sqlite3", folder / "files", folder / "stop"
    files.mkdir()
    with ExitStack() as opened:
        server = opened.enter_context(federation.started(folder))
        federation.fill(server, Texts(1), rows, DIM)
        reader = Server(server.dsn(federation.DATABASE), timeout=60, vectors=MODEL)
        store = MemoryStore.open(path, redact=redacted)
        opened.callback(store.close)
        sync(reader, store, embedder=Drawn(2))
        prepared = Prepared(store, Texts(3))
        recall, questions = Recall(store, prepared, patience=PATIENCE), list(prepared.known)
        ask(recall, questions, RATE, stop)  # what is loaded once is no part of the figures
        others = opened.enter_context(
            ProcessPoolExecutor(3, multiprocessing.get_context("spawn"), _left_alone)
        )
        opened.callback(stop.touch)
        owner = server.dsn(federation.DATABASE, "owner")
        running = {
            "edited": others.submit(pressure.edit, owner, stop),
            "synced": others.submit(pressure.synchronise, reader.dsn or "", path, stop),
            "imported": others.submit(pressure.import_files, files, path, stop),
        }
        asked = ask(recall, questions, round(minutes * 60 * RATE), stop)
        stop.touch()
        done = {what: did(what, future) for what, future in running.items()}
        import_path(store, files)
        sync(reader, store, embedder=Drawn(4))
        with server.owner(federation.DATABASE) as db:
            lost = missing(store, path, files, db)
        return tell(asked, done, lost, store.count())


def _left_alone() -> None:
    """Ctrl-C is for the process that people see; the others end when that says so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def tell(asked: Asked, done: dict[str, Did], lost: list[str], here: int) -> bool:
    """Print the figures; whether nothing failed and nothing is lost."""
    errors = [*asked.errors, *(error for one in done.values() for error in one.errors)]
    figures = {
        "recalls made": f"{len(asked.late):,}, {np.count_nonzero(asked.shown):,} of them showed something",
        "recalls a second": f"{len(asked.late) / asked.seconds:.1f}",
        "errors": f"{len(errors):,}",
        "lost rows": f"{len(lost):,}",
        "from when a recall was due": _spread(asked.late),
        "its thread's processor time": _spread(asked.busy),
        **{what: f"{one.rows:,} rows in {one.rounds:,} rounds" for what, one in done.items()},
        "memories at the end": f"{here:,}",
    }
    for what, figure in figures.items():
        say(f"  {what:<42} {figure}")
    for line, times in [*Counter(errors).most_common(20), *Counter(lost).most_common(20)]:
        say(f"  {times:,} times {line}")
    return not errors and not lost


def _spread(milliseconds: list[float]) -> str:
    p50, p99 = np.percentile(milliseconds, [50, 99])
    return f"p50 {p50:,.1f} ms, p99 {p99:,.1f} ms, max {max(milliseconds):,.1f} ms"


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--rows", type=int, default=20_000)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    about = f"{DIM} dimensions, {given.minutes:g} min, {RATE} recalls a second"
    busy = f"load average before {psutil.getloadavg()[0]:.1f}"
    say(f"{given.rows:,} rows on the server, {about}; {psutil.cpu_count()} cores, {busy}")
    try:
        with TemporaryDirectory() as folder:
            return 0 if measure(Path(folder), given.minutes, given.rows) else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
