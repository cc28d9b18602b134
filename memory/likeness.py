"""Which of many texts are nearly the same: MinHash over runs of words, and buckets that near ones share.

Broder, "On the resemblance and containment of documents" (1997). In numpy: the libraries that do this bring
scipy along, and go through texts one by one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np

from memory.record import folded

#: Words in a run (a shingle).
RUN = 3
#: Hash functions; the estimate of a likeness is off by 0.035 (one standard deviation) where it is 0.8.
HASHES = 128
#: Buckets a text is put in, each by `ROWS` hashes: of texts of likeness 0.8, 2 in 1,000 share none.
BANDS, ROWS = 21, 6
#: Firsts that the others of a bucket are compared with, at most.
_FIRSTS = 64
#: The part of their runs that two texts have in common from which they are nearly the same.
ALIKE = 0.8

_Array = np.ndarray[Any, np.dtype[np.uint32]]
_Wide = np.ndarray[Any, np.dtype[np.uint64]]
_BATCH = 2048


def signatures(texts: Iterable[str]) -> _Array:
    """``(texts, HASHES)``: two texts agree in as many places as they have of their runs in common."""
    source = iter(texts)
    found = [_signed(batch) for batch in iter(lambda: list(islice(source, _BATCH)), [])]
    return np.concatenate(found) if found else np.empty((0, HASHES), np.uint32)


def groups(signed: _Array, alike: float = ALIKE) -> np.ndarray[Any, np.dtype[np.intp]]:
    """For each text the number of the first one that it is nearly the same as, itself for none.

    Within a bucket texts are compared with its first, then the rest with theirs, up to `_FIRSTS` of them: a
    hundred thousand lines of one pattern cost no more than others do.
    """
    first = np.arange(len(signed))
    for band in range(BANDS):
        for members in _shared(signed[:, band * ROWS : (band + 1) * ROWS]):
            _joined(members, signed, first, alike)
    for at in range(len(first)):  # a first may have found one before it since
        first[at] = first[first[at]]
    return first


def _signed(texts: Sequence[str]) -> _Array:
    runs, starts = _runs(texts)
    factors, shifts = _functions()
    found = np.empty((len(texts), HASHES), np.uint32)
    for at in range(HASHES):  # a function at a time: the whole table would be a gigabyte for long texts
        values = ((runs * factors[at] + shifts[at]) >> np.uint64(32)).astype(np.uint32)
        found[:, at] = np.minimum.reduceat(values, starts)
    return found


def _runs(texts: Sequence[str]) -> tuple[_Wide, np.ndarray[Any, np.dtype[np.intp]]]:
    """A 64-bit hash of every run of `RUN` words of each text, one after the other, and where each begins.

    A shorter text is filled up, so that it has one.
    """
    words = [[*_hashes(text)] for text in texts]
    words = [one + [0] * (RUN - len(one)) for one in words]
    lengths = np.array([len(one) for one in words])
    flat = np.fromiter(chain.from_iterable(words), np.uint64, lengths.sum())
    count = len(flat) - RUN + 1
    found = np.zeros(count, np.uint64)
    for at in range(RUN):
        found = _mixed(found * np.uint64(0x9E3779B97F4A7C15) + flat[at : at + count])
    begins = np.cumsum(lengths) - lengths
    whole = np.ones(len(flat), bool)
    for at in range(1, RUN):  # runs that reach into the next text
        whole[begins + lengths - at] = False
    return found[whole[:count]], begins - np.arange(len(texts)) * (RUN - 1)


def _hashes(text: str) -> Iterator[int]:
    return (zlib.crc32(word.encode("utf-8", "replace")) for word in folded(text).split())


def _mixed(values: _Wide) -> _Wide:
    """SplitMix64's finish: every bit of the outcome depends on every bit of the value."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _functions() -> tuple[_Wide, _Wide]:
    """``HASHES`` odd factors and shifts, always the same."""
    drawn = np.random.default_rng(20261124).integers(0, 1 << 63, (2, HASHES), np.uint64)
    return drawn[0] | np.uint64(1), drawn[1]


def _shared(keys: _Array) -> Iterator[np.ndarray[Any, np.dtype[np.intp]]]:
    """The numbers of those that have the same key, in order, of keys that several have."""
    packed = np.zeros(len(keys), np.uint64)
    for column in keys.T:
        packed = _mixed(packed * np.uint64(0x9E3779B97F4A7C15) + column)
    _, numbers, counts = np.unique(packed, return_inverse=True, return_counts=True)
    several = np.flatnonzero(counts[numbers] > 1)
    if not len(several):
        return
    order = several[np.argsort(numbers[several], kind="stable")]
    yield from np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)


def _joined(
    members: np.ndarray[Any, np.dtype[np.intp]],
    signed: _Array,
    first: np.ndarray[Any, np.dtype[np.intp]],
    alike: float,
) -> None:
    """Set ``first`` of those ``members`` that are nearly the same as one before them and have none yet."""
    for _ in range(_FIRSTS):
        if len(members) < 2:
            return
        leader, rest = members[0], members[1:]
        near = (signed[rest] == signed[leader]).mean(axis=1) >= alike
        found = rest[near]
        lone = found[first[found] == found]
        first[lone] = first[leader]
        members = rest[~near]
