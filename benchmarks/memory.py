"""Recall from the local store without the embedding, by size: ``python -m benchmarks.memory 20000 80000``.

Texts are of the real shape (340 characters on average, words by Zipf's law), vectors random, 384 long.
``--keep FOLDER`` keeps the stores there, so that they are filled once.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil

from benchmarks.report import alternate, ratio, say, spread
from benchmarks.startup import TUI, first_frame
from memory.contract import FloatArray, Vector, Wanted
from memory.recall.recall import Recall
from memory.recalled import Policy
from memory.record import Memory
from memory.sqlite.store import MemoryStore

DIM, MODEL, COUNT = 384, "random", 50
QUERIES, BATCH = 200, 2_000
#: A domain of most memories, three of fewer, and one of two in a hundred.
DOMAINS, SHARES = ("operational", "research", "cultural", "policy", "legal"), (0.5, 0.2, 0.18, 0.1, 0.02)
_VOCABULARY = 60_000
#: Starts with and without a store, in turn.
ROUNDS = 5


class Given:
    """An embedder whose ``next`` is there already, so that a recall is timed without the embedding."""

    model, dim = MODEL, DIM

    def __init__(self) -> None:
        self.next = np.zeros(DIM, np.float32)

    def embed(self, texts: Sequence[str], query: bool = False) -> FloatArray:
        return np.stack([self.next] * len(texts))


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
    """Fill a store, unless it is there, and print its table."""
    texts = Texts(rows)
    say(f"{rows:,} memories, {DIM} dimensions, {COUNT} candidates a leg, {QUERIES} queries of 3 to 20 words")
    if not path.is_file():
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
    starting(path.parent)


def starting(data: Path) -> None:
    """The program's first frame with this store in its data folder, beside an empty one."""
    with TemporaryDirectory() as folder:
        plain = os.environ | {"TERM": "xterm-256color", "MODESHARE_CONFIG_DIR": f"{folder}/config"}
        runs = {
            name: partial(first_frame, [TUI], plain | {"MODESHARE_DATA_DIR": str(where)}, "SmolLM2")
            for name, where in (("with", data), ("without", Path(folder) / "data"))
        }
        frames = alternate(runs, ROUNDS)
    say(f"  {'first frame':<42} {spread(frames['with'], 'ms')}")
    say(f"  {'first frame over one without memories':<42} {ratio(frames['with'], frames['without'])}")


def legs(store: MemoryStore, texts: Texts) -> None:
    figures: dict[str, list[tuple[float, float]]] = {}
    given, policy, few_policy = Given(), Policy(), Policy(domains=("legal",))
    whole = Recall(store, given)
    for _ in range(QUERIES):
        words = " ".join(texts.words(int(texts.dice.integers(3, 21))))
        query = Vector(texts.vectors(1)[0], MODEL)
        given.next = query.values
        runs: dict[str, Callable[[], object]] = {
            "by vector": partial(store.by_vector, query, Wanted(), COUNT),
            "by keyword": partial(store.by_keyword, words, query, Wanted(), COUNT),
            "recall, from end to end": partial(whole.recall, words, policy),
            "the same, in a domain of 2 %": partial(whole.recall, words, few_policy),
        }
        for name, run in runs.items():
            began = time.process_time()
            wall = timed(run)
            figures.setdefault(name, []).append((wall, (time.process_time() - began) * 1000))
    for name, found in figures.items():
        tell(name, found)


def main(sizes: Sequence[int] = (20_000,), keep: Path | None = None) -> None:
    """Print a table for each size."""
    for rows in sizes:
        with contextlib.ExitStack() as stack:
            folder = keep / str(rows) if keep else Path(stack.enter_context(TemporaryDirectory()))
            folder.mkdir(parents=True, exist_ok=True)
            measure(folder / "memories.sqlite3", rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[20_000])
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    main(asked.sizes, asked.keep)
