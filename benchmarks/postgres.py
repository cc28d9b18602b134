"""Recall from a server without the embedding, by size: ``python -m benchmarks.postgres 20000 80000``.

A PostgreSQL 16 with pgvector is started on this machine, with a table of the real shape: texts of 340
characters on average, 1,024 dimensions, no full-text index. Embeddings are searched without an index and with
an HNSW index; they are random, which is the hardest for an index. Beside wall time the processor time here
and, as a mean, that of the server's processes.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import psutil

from benchmarks import federation
from benchmarks.memory import COUNT, MODEL, Texts, timed
from benchmarks.report import say
from memory.contract import Candidate, FloatArray, Vector, Wanted
from memory.postgres.legs import SOME, by_words, stems
from memory.postgres.pool import Pool
from memory.postgres.source import Server, ServerSource
from memory.recall.recall import Recall
from memory.recalled import Policy
from tests.memory.postgres.servers import Postgres

DIM = 1024
#: Seconds of a call: enough that nothing is given up, as it would be after 2 where people wait.
TIMEOUT = 60.0
#: What is of a domain that a sixth of the rows have.
FEW = Policy(domains=("legal",))
T = TypeVar("T")


class One:
    """An embedder that knows the vector of one question."""

    model, dim = MODEL, DIM
    vector: FloatArray

    def embed(self, texts: Sequence[str], query: bool = False) -> FloatArray:
        """That one."""
        return self.vector[None]


class Run:
    """One client's searches; what they took, by name: (wall, processor here, there) in milliseconds."""

    def __init__(self, server: Postgres) -> None:
        given = Server(server.dsn(federation.DATABASE), timeout=TIMEOUT, vectors=MODEL)
        self._server, self._pool = server, Pool(given)
        self.source = ServerSource(self._pool)
        self._embedder = One()
        self._recall = Recall(self.source, self._embedder, patience=TIMEOUT)
        self.figures: dict[str, list[tuple[float, float, float]]] = {}
        self.nearest: list[set[str]] = []
        self.notes: set[str] = set()

    def ask(self, words: str, vector: FloatArray) -> None:
        """One question by each leg and whole."""
        self._embedder.vector, query = vector, Vector(vector, MODEL)
        found = self._timed("by vector", lambda: self.source.by_vector(query, Wanted(), COUNT))
        self.nearest.append({one.memory.id for one in found})
        self._timed("by keyword", lambda: self.source.by_keyword(words, query, Wanted(), COUNT))
        self._timed(f"by keyword, the {SOME:,} hottest", lambda: self._hottest(words, query))
        for name, policy in {"recall": Policy(), "recall in a domain of a sixth": FEW}.items():
            recalled = self._timed(name, partial(self._recall.recall, words, policy))
            self.notes.update(recalled.notes)

    def _hottest(self, words: str, query: Vector) -> list[Candidate]:
        """What is asked where all rows took too long."""
        table = self.source.table()
        with self._pool.reading() as reader:
            begins = stems(reader, words)
            ids = by_words(reader, table, begins, Wanted(), COUNT, some=True)
        return self.source.by_id(ids, query)

    def _timed(self, name: str, run: Callable[[], T]) -> T:
        before, here, began = federation.spent(self._server), time.process_time(), time.perf_counter()
        found = run()
        wall, here = (time.perf_counter() - began) * 1000, (time.process_time() - here) * 1000
        self.figures.setdefault(name, []).append((wall, here, federation.spent(self._server) - before))
        return found


def tell(what: str, figures: Sequence[tuple[float, float, float]]) -> None:
    """A line: wall time, then processor time here and there."""
    wall, here, there = zip(*figures, strict=True)
    p99 = statistics.quantiles(wall, n=100, method="inclusive")[98]
    times = f"p50 {statistics.median(wall):,.0f} ms, p99 {p99:,.0f} ms"
    processor = f"{statistics.median(here):,.1f} ms here, {statistics.mean(there):,.0f} ms there"
    say(f"  {what:<42} {times}; processor {processor}")


def measure(server: Postgres, rows: int, queries: int) -> None:
    """Fill the table and print a size's figures."""
    say(f"{rows:,} rows, {DIM} dimensions, {COUNT} candidates a leg, {queries} queries of 3 to 20 words")
    say(f"  {'filling':<42} {timed(lambda: federation.fill(server, Texts(rows), rows, DIM)) / 1000:,.0f} s")
    exact = searched(server, queries, "without an index")
    say(f"  {'making an HNSW index':<42} {timed(lambda: index(server)) / 1000:,.0f} s")
    near = searched(server, queries, "with an HNSW index")
    shares = [len(some & every) / max(1, len(every)) for every, some in zip(exact, near, strict=True)]
    say(f"  {'of the nearest, the index found':<42} {statistics.mean(shares):.1%}")


def searched(server: Postgres, queries: int, how: str) -> list[set[str]]:
    """Print what so many queries took; the ids that each found by vector."""
    say(f"  {how}")
    run, texts = Run(server), Texts(1)
    with closing(run.source):
        run.source.table()
        for _ in range(queries):
            run.ask(" ".join(texts.words(int(texts.dice.integers(3, 21)))), texts.vectors(1, DIM)[0])
    for name, of in run.figures.items():
        tell(name, of)
    for note in sorted(run.notes):
        say(f"  noted: {note}")
    return run.nearest


def index(server: Postgres) -> None:
    """As others make one: nothing but the defaults."""
    with server.owner(federation.DATABASE) as db:
        db.execute(f"CREATE INDEX ON {federation.NAME} USING hnsw (embedding vector_cosine_ops)")
        db.execute(f"VACUUM ANALYZE {federation.NAME}")


def main() -> int:
    """Print a table for each size; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[20_000])
    parser.add_argument("--queries", type=int, default=100)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with TemporaryDirectory() as folder, federation.started(Path(folder)) as server:
            say(f"{psutil.cpu_count()} cores, load average before {psutil.getloadavg()[0]:.1f}")
            for rows in given.sizes:
                measure(server, rows, given.queries)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
