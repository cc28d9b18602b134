"""Exact search for the highest cosines among the rows of matrices, in chunks.

By `vecdot` and not `@`: that would share a product between threads, which wait for each other spinning, and
while other programs work (a model that answers among them) a search then takes several times as long. Of many
rows two threads take a half each, and sleep when they are done.
It must not know where the rows are from, nor which of them may be found: it is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from memory.contract import FloatArray

IntArray = np.ndarray[Any, np.dtype[np.int64]]
FacetArray = np.ndarray[Any, np.dtype[np.int32]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

#: Rows that are multiplied at once: their products stay in the processor's cache.
CHUNK = 16_384
#: From so many rows on they are shared between so many threads; more are no faster, memory is not.
SHARED_FROM, THREADS = 60_000, 2
#: When fewer than this part of the rows may be found, they are picked out instead of multiplying all.
_FEW = 0.2


class Rows(NamedTuple):
    """Vectors (n, dim) float32 of length 1, of memories ``seqs`` (n,), with their ``facets`` (n,).

    Facet 0 is a row that is gone; the rest is `memory.sqlite.facets`'s to say. A row never changes once it is
    here, only its facet does, so that a search may go on while another thread adds rows.
    """

    seqs: IntArray
    vectors: FloatArray
    facets: FacetArray

    def first(self, n: int) -> Rows:
        """The first ``n``, not copied."""
        return Rows(self.seqs[:n], self.vectors[:n], self.facets[:n])


def best(parts: Iterable[Rows], query: FloatArray, allowed: BoolArray, count: int) -> list[tuple[int, float]]:
    """(seq, cosine) of the ``count`` rows nearest to ``query`` (dim,), nearest first.

    ``allowed`` says for each facet whether its rows may be found, and last for all that are beyond.
    """
    pieces = [piece for rows in parts for piece in _pieces(rows)]
    if len(pieces) > 2:
        with ThreadPoolExecutor(THREADS, "nearest") as threads:
            found = list(threads.map(lambda piece: _best(piece, query, allowed, count), pieces))
    else:
        found = [_best(piece, query, allowed, count) for piece in pieces]
    seqs = np.concatenate([np.empty(0, np.int64), *(some for some, _ in found)])
    scores = np.concatenate([np.empty(0, np.float32), *(some for _, some in found)])
    order = np.lexsort((seqs, -scores))[:count]  # equal cosines in the order in which they came
    return [(int(seqs[i]), float(scores[i])) for i in order]


def _pieces(rows: Rows) -> list[Rows]:
    """``rows`` in parts for as many threads, where there are so many that a thread is worth its start."""
    if len(rows.seqs) < SHARED_FROM:
        return [rows]
    size = -(-len(rows.seqs) // THREADS)
    parts = (slice(at, at + size) for at in range(0, len(rows.seqs), size))
    return [Rows(rows.seqs[part], rows.vectors[part], rows.facets[part]) for part in parts]


def _best(rows: Rows, query: FloatArray, allowed: BoolArray, count: int) -> tuple[IntArray, FloatArray]:
    seqs, scores = np.empty(0, np.int64), np.empty(0, np.float32)
    # Another thread may have given a row a facet that is new since: that is the last one here.
    may = allowed.take(rows.facets, mode="clip")
    few = np.count_nonzero(may) < _FEW * len(may)
    for at, products in _picked(rows, query, may) if few else _all(rows, query, may):
        # Below the worst of those found already nothing is of interest; after some chunks that is most.
        floor = scores.min() if len(scores) >= count else -np.inf
        good = np.flatnonzero(products > floor)
        if not len(good):
            continue
        seqs = np.concatenate([seqs, rows.seqs[at[good] if few else at + good]])
        scores = np.concatenate([scores, products[good]])
        if len(scores) > count:
            kept = np.argpartition(scores, -count)[-count:]
            seqs, scores = seqs[kept], scores[kept]
    return seqs, scores


def _all(rows: Rows, query: FloatArray, may: BoolArray) -> Iterable[tuple[Any, FloatArray]]:
    """Every chunk's first place, with its products; minus infinity where a row may not be found."""
    for start in range(0, len(may), CHUNK):
        products = np.vecdot(rows.vectors[start : start + CHUNK], query)
        products[~may[start : start + CHUNK]] = -np.inf
        yield start, products


def _picked(rows: Rows, query: FloatArray, may: BoolArray) -> Iterable[tuple[Any, FloatArray]]:
    """The places of rows that may be found, a chunk at a time, with their products."""
    places = np.flatnonzero(may)
    for start in range(0, len(places), CHUNK):
        some = places[start : start + CHUNK]
        yield some, np.vecdot(rows.vectors[some], query)


class Growing:
    """Rows that can be added to; those handed out before stay as they were."""

    def __init__(self, dim: int) -> None:
        self._room = Rows(np.empty(0, np.int64), np.empty((0, dim), np.float32), np.empty(0, np.int32))
        self._used = 0

    def __len__(self) -> int:
        return self._used

    @property
    def rows(self) -> Rows:
        """Those there are."""
        return self._room.first(self._used)

    def add(self, seq: int, vector: FloatArray, facet: int) -> int:
        """Add a row; its place."""
        at = self._used
        if at == len(self._room.seqs):
            room = max(256, at + at // 2)
            self._room = Rows(*(_longer(part, room) for part in self._room))
        self._room.seqs[at], self._room.vectors[at], self._room.facets[at] = seq, vector, facet
        self._used += 1
        return at


def _longer(part: Any, room: int) -> Any:
    longer = np.empty((room, *part.shape[1:]), part.dtype)
    longer[: len(part)] = part
    return longer
