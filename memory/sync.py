"""Fill the local store from a server's table, so that a laptop recalls without it. The server wins.

A sync compares what is there with what is here and takes only what differs, oldest first, a page in each
transaction: whatever ends it, the next one goes on where it stopped, because it compares again.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, TypeVar

import numpy as np

from memory.contract import BadMemory, Embedder, EmbedderUnavailable, FloatArray, MemoryUnavailable
from memory.postgres.inventory import PASSING, Entry, identity, inventory
from memory.postgres.legs import by_id
from memory.postgres.mapping import Table, introspect
from memory.postgres.pool import Pool, Rows
from memory.postgres.rows import FIELDS, OURS, seconds, to_memory, unit
from memory.postgres.server import Server
from memory.record import Memory, Origin

T = TypeVar("T")
#: Told as a sync goes on: of what, how many are done, of how many.
Progress = Callable[[str, int, int], None]

#: Rows in a transaction, texts in a batch of embeddings.
PAGE, BATCH = 500, 64
#: What one statement may take, in seconds: nobody waits for an answer here.
_LIMIT = 60.0
#: The store's marks: which server its copy is of, and the newest row that has arrived.
SERVER, NEWEST, FINISHED = "server", "newest", "synced"
#: Where the sum of a row, as it was when it was taken, is kept among the copy's own metadata.
SUM = "_upstream_md5"


class Taken(Protocol):
    """What `Local.take_in` counts."""

    @property
    def added(self) -> int: ...
    @property
    def changed(self) -> int: ...


class Local(Protocol):
    """What is used of `memory.sqlite.store.MemoryStore`."""

    def take_in(self, memories: Iterable[Memory], mark: tuple[str, str] | None = None) -> Taken: ...
    def drop(self, ids: Collection[str]) -> int: ...
    def mark(self, name: str) -> str | None: ...
    def ids(self, origin: Origin) -> Iterator[str]: ...
    def memories(self, origin: Origin | None = None) -> Iterator[Memory]: ...
    def lacking(self, model: str, count: int, after: str | None = None) -> list[tuple[str, str]]: ...
    def put_vectors(self, model: str, ids: Sequence[str], vectors: FloatArray) -> None: ...


@dataclass(frozen=True, slots=True)
class Synced:
    """What one sync did. ``embedded`` includes the ``vectors`` that came from the server.

    ``skipped`` counts by reason; ``notes`` say what the operator should know, a line each.
    """

    added: int = 0
    changed: int = 0
    gone: int = 0
    embedded: int = 0
    vectors: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def sync(
    server: Server,
    store: Local,
    *,
    top: int | None = None,
    embedder: Embedder | None = None,
    progress: Progress = lambda _what, _done, _of: None,
    replace: bool = False,
) -> Synced:
    """Make the store's copy what the server has, of the ``top`` hottest rows only if that is given.

    What lacks an embedding of ``embedder``'s model gets one: the server's own where `Server.vectors` is that
    model. A copy of another server's table is refused with `MemoryUnavailable` unless ``replace``, and so is
    emptying a copy because the table is empty. Raises `MemoryUnavailable`; what had arrived by then stays.
    """
    pool = Pool(server)
    try:
        with pool.reading(_LIMIT) as reader:
            table = introspect(reader, server)
        return _Run(pool, table, store, progress).all(top, embedder, replace)
    finally:
        pool.close()


@dataclass
class _Run:
    """One sync's state: what was counted so far."""

    pool: Pool
    table: Table
    store: Local
    progress: Progress
    counted: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def all(self, top: int | None, embedder: Embedder | None, replace: bool) -> Synced:
        here = self._allowed(replace)
        with self.pool.reading(_LIMIT) as reader:
            there = {entry.id: entry for entry in inventory(reader, self.table, top)}
        for one in [one for one in there if OURS.fullmatch(one)]:
            del there[one]
            self.skipped["an id like those of local memories"] += 1
        if not there and not replace and next(self.store.ids("federation"), None) is not None:
            raise MemoryUnavailable(
                f"The table {self.pool.server.name} is empty, and the copy here is not. It was left as it is;"
                " sync with replace to empty it."
            )
        self._own(here)
        self._compare(there)
        if embedder is not None:
            self._embed(embedder)
        self.store.take_in((), (FINISHED, f"{time.time():.0f}"))
        said = self.counted
        return Synced(
            said["added"], said["changed"], said["gone"], said["embedded"], said["vectors"],
            dict(self.skipped), tuple(self.notes),
        )  # fmt: skip

    def _allowed(self, replace: bool) -> str:
        """Which table this is, when the store may have its copy."""
        with self.pool.reading(_LIMIT) as reader:
            here = identity(reader, self.pool.server, self.table)
        if self.store.mark(SERVER) not in (None, here) and not replace:
            raise MemoryUnavailable(
                "The copy here is of another server's table. Sync with replace to take this one instead."
            )
        return here

    def _own(self, here: str) -> None:
        """From here on the store has this table's copy, or none yet. It was listed: it can be read."""
        if self.store.mark(SERVER) not in (None, here):
            self._drop(list(self.store.ids("federation")))
        self.store.take_in((), (SERVER, here))

    def _compare(self, there: dict[str, Entry]) -> None:
        """Take what is new or another, warm what only cooled, drop what is gone."""
        wanted, passed = dict(there), dict[str, Entry]()
        for memory in self.store.memories("federation"):
            entry = there.get(memory.id)
            if entry is not None and memory.metadata.get(SUM) == entry.sum:
                del wanted[memory.id]
                if _passing(memory) != _known(entry):
                    passed[memory.id] = entry
        # By ids: what is hidden here is among no memories, and goes with the server's row all the same.
        self._drop([one for one in self.store.ids("federation") if one not in there])
        self._pass(passed)
        ordered = sorted(wanted.values(), key=lambda entry: (seconds(entry.created) or 0.0, entry.id))
        self._take(ordered)

    def _take(self, wanted: list[Entry]) -> None:
        done = 0
        for page in _pages(wanted, PAGE):
            sums = {entry.id: entry.sum for entry in page}
            with self.pool.reading(_LIMIT) as reader:
                rows = by_id(reader, self.table, list(sums), vectors=False)
            taken = [memory for memory in map(to_memory, rows) if memory is not None]
            # Some were deleted since they were listed, and those that we had are gone with the next sync.
            marked = {memory.id: _with_sum(memory, sums[memory.id]) for memory in taken if memory.id in sums}
            newest = f"{seconds(page[-1].created) or 0.0:.6f} {page[-1].id}"
            counts = self.store.take_in(marked.values(), (NEWEST, newest))
            self.counted["added"] += counts.added
            self.counted["changed"] += counts.changed
            self.skipped["gone while it was read"] += len(page) - len(marked)
            done += len(page)
            self.progress("rows", done, len(wanted))
        self.skipped += Counter()  # what is zero is not told

    def _pass(self, passed: dict[str, Entry]) -> None:
        """Rows whose text is as it was: only temperature and access are taken over."""
        done, page = 0, list[Memory]()
        # Listed before anything is written: a store need not bear both at once.
        for memory in [one for one in self.store.memories("federation") if one.id in passed]:
            temperature, accessed, accesses = _known(passed[memory.id])
            anchor = accessed if accessed is not None else memory.created_at
            page.append(
                dataclasses.replace(
                    memory,
                    temperature=temperature,
                    last_access=accessed,
                    access_count=accesses,
                    anchor_at=anchor,
                )
            )
        for part in _pages(page, PAGE):
            counts = self.store.take_in(part)
            self.counted["changed"] += counts.changed
            done += len(part)
            self.progress("temperatures", done, len(page))

    def _drop(self, ids: list[str]) -> None:
        for page in _pages(ids, PAGE):
            self.counted["gone"] += self.store.drop(page)
            self.progress("gone", self.counted["gone"], len(ids))

    def _embed(self, embedder: Embedder) -> None:
        """Give everything here an embedding; rows stay as they are when the embedder gives up."""
        after: str | None = None
        try:
            model, dim = embedder.model, embedder.dim
            while batch := self.store.lacking(model, BATCH, after):
                after = batch[-1][0]
                left = self._from_server(model, dim, batch)
                if left:
                    self._put(
                        model, [one for one, _ in left], embedder.embed([text for _, text in left]), dim
                    )
                self.progress("embeddings", self.counted["embedded"], 0)
        except EmbedderUnavailable as error:
            self.notes.append(f"Some memories have no embedding yet: {error}")

    def _from_server(self, model: str, dim: int, batch: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Put what the server has of ``model``; the rest of ``batch``."""
        if self.pool.server.vectors != model or "embedding" not in self.table.columns:
            return batch
        with self.pool.reading(_LIMIT) as reader:
            rows: Rows = by_id(reader, self.table, [one for one, _ in batch], vectors=True)
        texts = dict(batch)
        found = {row[0]: unit(row[len(FIELDS)], dim) for row in rows if texts.get(row[0]) == row[1]}
        usable = {one: vector for one, vector in found.items() if vector is not None}
        if usable:
            self._put(model, list(usable), np.stack(list(usable.values())), dim)
            self.counted["vectors"] += len(usable)
        return [(one, text) for one, text in batch if one not in usable]

    def _put(self, model: str, ids: list[str], vectors: FloatArray, dim: int) -> None:
        good = np.isfinite(vectors).all(axis=1) & (np.linalg.norm(vectors, axis=1) > 0.5)
        kept = [one for one, ok in zip(ids, good, strict=True) if ok]
        self.skipped["no usable embedding"] += len(ids) - len(kept)
        try:
            if vectors.shape[1] != dim:
                raise BadMemory(f"The embedder {model} gave vectors of another length than it said.")
            if kept:
                self.store.put_vectors(model, kept, np.ascontiguousarray(vectors[good]))
        except BadMemory as error:
            raise EmbedderUnavailable(str(error)) from error
        self.counted["embedded"] += len(kept)
        self.skipped += Counter()


def _with_sum(memory: Memory, total: str) -> Memory:
    return dataclasses.replace(memory, metadata={**memory.metadata, SUM: total})


def _passing(memory: Memory) -> tuple[float, float | None, int]:
    return (memory.temperature, memory.last_access, memory.access_count)


def _known(entry: Entry) -> tuple[float, float | None, int]:
    got: dict[str, Any] = dict(zip(PASSING, entry.passing, strict=True))
    return (got["temperature"], seconds(got["accessed"]), max(0, got["accesses"] or 0))


def _pages(items: Sequence[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while page := list(islice(rest, size)):
        yield page
