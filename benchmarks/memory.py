"""Recall from the local store without the embedding, by size: ``python -m benchmarks.memory 20000 80000``.

Texts are of the real shape (340 characters on average, words by Zipf's law), vectors random, 384 long.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil

from benchmarks.report import say
from memory.contract import FloatArray, Vector, Wanted
from memory.record import Memory
from memory.sqlite.store import MemoryStore

DIM, MODEL, COUNT = 384, "random", 50
QUERIES, BATCH = 200, 2_000
#: A domain of most memories, three of fewer, and one of two in a hundred.
DOMAINS, SHARES = ("operational", "research", "cultural", "policy", "legal"), (0.5, 0.2, 0.18, 0.1, 0.02)
_VOCABULARY = 60_000


class Texts:
    """Texts of words whose frequency falls as 1 over their rank, as in any language."""

    def __init__(self, seed: int) -> None:
        self.dice = np.random.default_rng(seed)
        weights = 1 / np.arange(1, _VOCABULARY + 1)
        self._upto = np.cumsum(weights / weights.sum())

    def words(self, n: int) -> list[str]:
        ranks = np.searchsorted(self._upto, self.dice.random(n))
        return [f"w{rank:x}" for rank in ranks]

    def text(self) -> str:
        return " ".join(self.words(max(4, round(self.dice.normal(85, 30)))))

    def vectors(self, n: int, dim: int = DIM) -> FloatArray:
        made = self.dice.standard_normal((n, dim), np.float32)
        return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


def memories(texts: Texts, begin: int, n: int) -> Iterator[Memory]:
    now = time.time()
    for number in range(begin, begin + n):
        domain = DOMAINS[int(texts.dice.choice(len(DOMAINS), p=SHARES))]
        yield Memory(
            f"{number}", texts.text(), float(texts.dice.uniform(0, 100)), now, now, "federation",
            domain=domain, sacred=bool(texts.dice.random() < 0.03), tags=("a", "b"),
        )  # fmt: skip


def fill(store: MemoryStore, texts: Texts, rows: int) -> None:
    for begin in range(0, rows, BATCH):
        n = min(BATCH, rows - begin)
        store.take_in(memories(texts, begin, n))
        store.put_vectors(MODEL, [f"{i}" for i in range(begin, begin + n)], texts.vectors(n))


def timed(run: Callable[[], object]) -> float:
    """Milliseconds of one run."""
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


def tell(what: str, figures: list[tuple[float, float]]) -> None:
    """Wall and processor time: on a busy machine the second tells what the first would be."""
    told = []
    for of in zip(*figures, strict=True):
        p99 = statistics.quantiles(of, n=100, method="inclusive")[98]
        told.append(f"p50 {statistics.median(of):,.1f} ms, p99 {p99:,.1f} ms")
    say(f"  {what:<42} {told[0]}; processor {told[1]}")


def measure(path: Path, rows: int) -> None:
    """Fill a store and print its table."""
    texts = Texts(rows)
    say(f"{rows:,} memories, {DIM} dimensions, {COUNT} candidates a leg, {QUERIES} queries of 3 to 20 words")
    store = MemoryStore.open(path)
    say(f"  {'filling':<42} {timed(lambda: fill(store, texts, rows)) / 1000:,.1f} s")
    store.close()
    before = psutil.Process().memory_info().rss
    opened: list[MemoryStore] = []
    say(f"  {'opening':<42} {timed(lambda: opened.append(MemoryStore.open(path))):,.1f} ms")
    store = opened[0]
    say(f"  {'vectors, first time':<42} {timed(lambda: store.warm(MODEL)):,.0f} ms")
    legs(store, texts)
    store.take_in(memories(texts, rows, 1))
    store.put_vectors(MODEL, [f"{rows}"], texts.vectors(1))
    query = Vector(texts.vectors(1)[0], MODEL)
    one_more = timed(lambda: store.by_vector(query, Wanted(), COUNT))
    say(f"  {'by vector, after one more memory':<42} {one_more:,.1f} ms")
    after = psutil.Process().memory_info().rss
    store.close()
    again = MemoryStore.open(path)
    say(f"  {'vectors, opened again':<42} {timed(lambda: again.warm(MODEL)):,.0f} ms")
    say(f"  {'on disk':<42} {again.stats().bytes / 1e6:,.0f} MB")
    again.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"  {'resident growth, peak of the process':<42} {(after - before) / 1e6:,.0f} MB, {peak:,.0f} MiB")


def legs(store: MemoryStore, texts: Texts) -> None:
    figures: dict[str, list[tuple[float, float]]] = {}
    for _ in range(QUERIES):
        words = " ".join(texts.words(int(texts.dice.integers(3, 21))))
        query = Vector(texts.vectors(1)[0], MODEL)
        few = Wanted(domains=("legal",))

        def recall(wanted: Wanted, words: str = words, query: Vector = query) -> None:
            store.by_vector(query, wanted, COUNT)
            store.by_keyword(words, query, wanted, COUNT)

        runs: dict[str, Callable[[], object]] = {
            "by vector": lambda query=query: store.by_vector(query, Wanted(), COUNT),
            "by keyword": lambda words=words, query=query: store.by_keyword(words, query, Wanted(), COUNT),
            "both": lambda recall=recall: recall(Wanted()),
            "both, in a domain of 2 %": lambda recall=recall, few=few: recall(few),
        }
        for name, run in runs.items():
            began = time.process_time()
            wall = timed(run)
            figures.setdefault(name, []).append((wall, (time.process_time() - began) * 1000))
    for name, found in figures.items():
        tell(name, found)


def main(sizes: tuple[int, ...] = (20_000,)) -> None:
    """Print a table for each size."""
    for rows in sizes:
        with TemporaryDirectory() as folder:
            measure(Path(folder) / "memories.sqlite3", rows)


if __name__ == "__main__":
    main(tuple(int(size.replace("_", "")) for size in sys.argv[1:]) or (20_000,))
