"""The local store of memories: what is kept, found, heated and forgotten on this machine.

It must not know how a recall weighs its candidates, nor servers, nor what makes vectors.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memory.contract import Candidate, FloatArray, MemoryTrouble, Vector, Wanted
from memory.draft import FRESH, Draft
from memory.record import Memory, Origin
from memory.sqlite import candidates, choices, embeddings, keywords, marks, statistics, warmth, writing
from memory.sqlite.connections import Connections
from memory.sqlite.log import RetrievalLog
from memory.sqlite.reading import ids_of, memories_of
from memory.sqlite.statistics import Stats, counted
from memory.sqlite.vectors import Index, trim
from memory.sqlite.writing import Counts, Redact, Writing
from memory.temperature import Clock


class MemoryStore:
    """A `memory.contract.Source`. Any method may be called from any thread and raise `MemoryUnavailable`.

    A method that returns has its change on the disk; only `note` may lose its last entries with the power.
    """

    def __init__(self, connections: Connections, clock: Clock, redact: Redact) -> None:
        self._connections = connections
        self._clock = clock
        self._writing = Writing(clock, redact)
        self._log = RetrievalLog(connections)
        self._frequencies = keywords.Frequencies()
        self._indexes: dict[str, Index] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path | None, clock: Clock = time.time, redact: Redact = str) -> MemoryStore:
        """Open or make the file ``path`` (None: in memory). ``redact`` is applied to what words are kept of.

        Raises `MemoryUnavailable`.
        """
        return cls(Connections(path), clock, redact)

    def close(self) -> None:
        """End the use of the store; no other method may be called afterwards."""
        with contextlib.suppress(MemoryTrouble):  # the log is worth no trouble at the end
            self._log.flush()
        self._connections.close()

    # Candidates

    def by_vector(self, query: Vector, wanted: Wanted, count: int) -> list[Candidate]:
        """The ``count`` nearest by exact search; empty when nothing has a vector of the query's model."""
        with self._connections.reading() as db:
            model = embeddings.known(db, query)
            if model is None or count < 1:
                return []
            shut = set(candidates.numbers(db, list(wanted.excluded)).values()) if wanted.excluded else set()
            found = self._index(query.model, *model).search(db, query, wanted, shut, count)
            return candidates.of(db, [seq for seq, _ in found], query, model[0], self._clock())

    def by_keyword(self, text: str, query: Vector | None, wanted: Wanted, count: int) -> list[Candidate]:
        """The ``count`` best by BM25; nothing in ``text`` is an operator."""
        with self._connections.reading() as db:
            found = keywords.search(db, text, wanted, count, self._frequencies)
            return candidates.of(db, found, query, embeddings.comparable(db, query), self._clock())

    def by_id(self, ids: Sequence[str], query: Vector | None) -> list[Candidate]:
        """Those of ``ids`` that are there, in their order; retracted ones too, but none that is hidden."""
        with self._connections.reading() as db:
            there = candidates.numbers(db, ids)
            hidden = {one for one in there if writing.is_hidden(db, one)}
            seqs = [there[one] for one in dict.fromkeys(ids) if one in there and one not in hidden]
            return candidates.of(db, seqs, query, embeddings.comparable(db, query), self._clock())

    def hidden(self, ids: Collection[str]) -> frozenset[str]:
        """Those of ``ids`` that somebody here has forgotten, whether or not there is a copy of them."""
        with self._connections.reading() as db:
            return frozenset(one for one in ids if writing.is_hidden(db, one))

    def note(self, shown: Sequence[tuple[str, float]], milliseconds: float) -> None:
        """Log what a recall showed, without waiting for anybody who writes."""
        self._log.note(self._clock(), shown, milliseconds)

    def warm(self, model: str) -> None:
        """Load the vectors of ``model``, so that the first search does not have to."""
        with self._connections.reading() as db:
            found = db.execute("SELECT key, dim FROM model WHERE name = ?", (model,)).fetchone()
            if found is not None:
                self._index(model, *found).refresh(db)

    # What is kept

    def add(  # noqa: PLR0913
        self,
        content: str,
        *,
        temperature: float = FRESH,
        domain: str | None = None,
        tags: Sequence[str] = (),
        sacred: bool = False,
        kind: str | None = None,
        provenance: str | None = None,
        parent: str | None = None,
        chunk: int | None = None,
        metadata: Mapping[str, Any] = {},
    ) -> Memory:
        """Remember a text; the memory of the same words, if there is one, as it is. Raises `BadMemory`."""
        draft = Draft(
            content, temperature, domain, tuple(tags), sacred, kind, None, provenance, parent, chunk, metadata
        )
        with self._connections.writing() as db:
            return self._writing.add(db, draft)[0]

    def add_all(self, drafts: Iterable[Draft], mark: tuple[str, str] | None = None) -> Counts:
        """Remember all with their parts and the mark (name, value), or none. Raises `BadMemory`."""
        with self._connections.writing() as db:
            counts = Counts()
            for draft in drafts:
                counts += self._writing.add(db, draft)[1]
            marks.put(db, mark, self._clock())
            return counts

    def take_in(self, memories: Iterable[Memory], mark: tuple[str, str] | None = None) -> Counts:
        """Add or change by id, all with the mark (name, value), or none. Raises `BadMemory`."""
        with self._connections.writing() as db:
            counts = self._writing.take_in(db, memories)
            marks.put(db, mark, self._clock())
            trim(db)
            return counts

    def drop(self, ids: Collection[str]) -> int:
        """Take out what is gone upstream, or local ones; how many were there."""
        with self._connections.writing() as db:
            gone = writing.drop(db, ids)
            trim(db)
            return gone

    def forget(self, id: str) -> bool:
        """A local memory is deleted with its parts, a federation's is hidden here; False: there is none."""
        with self._connections.writing() as db:
            return writing.forget(db, id, self._clock())

    def mark(self, name: str) -> str | None:
        """The value last saved under ``name``."""
        with self._connections.reading() as db:
            return marks.value(db, name)

    def marked_at(self, name: str) -> float | None:
        """When the value under ``name`` was saved, seconds since 1970."""
        with self._connections.reading() as db:
            return marks.time_of(db, name)

    def ids(self, origin: Origin) -> Iterator[str]:
        """All ids of that origin in their order, read some at a time."""
        return ids_of(self._connections, origin)

    def memories(self, origin: Origin | None = None) -> Iterator[Memory]:
        """All memories, oldest here first, read some at a time; hidden ones are not among them."""
        return memories_of(self._connections, origin)

    # Vectors

    def lacking(self, model: str, count: int, after: str | None = None) -> list[tuple[str, str]]:
        """(id, content) of recallable memories without a vector of ``model``, those after ``after`` first."""
        with self._connections.reading() as db:
            return embeddings.lacking(db, model, count, after)

    def put_vectors(self, model: str, ids: Sequence[str], vectors: FloatArray) -> None:
        """Keep ``vectors`` (len(ids), dim), made of length 1; ids that are gone are ignored.

        Raises `BadMemory` for NaN, rows of length 0, and another dimension than the model has here.
        """
        rows = embeddings.checked(model, ids, vectors)
        with self._connections.writing() as db:
            embeddings.put(db, model, ids, rows)
            trim(db)

    # Use

    def use(self, ids: Iterable[str], conversation: str) -> None:
        """Reheat what was cited, pinned or accepted: once for each memory and conversation."""
        with self._connections.writing() as db:
            warmth.use(db, ids, conversation, self._clock())

    def heat(self, id: str, temperature: float) -> Memory:
        """The explicit command: any temperature from 0 to 100. Raises `BadMemory`, also for an unknown id."""
        with self._connections.writing() as db:
            return warmth.command(db, id, temperature, self._clock())

    def pin(self, id: str, conversation: str, on: bool) -> None:
        """Always shown in this conversation, or no longer; a veto on it ends."""
        with self._connections.writing() as db:
            choices.choose(db, conversation, "pin", id, self._clock() if on else None)

    def veto(self, id: str, conversation: str, on: bool) -> None:
        """Never shown in this conversation, or again; its pin ends."""
        with self._connections.writing() as db:
            choices.choose(db, conversation, "veto", id, self._clock() if on else None)

    def pinned(self, conversation: str) -> tuple[str, ...]:
        """Ids in the order in which they were pinned."""
        with self._connections.reading() as db:
            return choices.chosen(db, conversation, "pin")

    def vetoed(self, conversation: str) -> tuple[str, ...]:
        """Ids in the order in which they were vetoed."""
        with self._connections.reading() as db:
            return choices.chosen(db, conversation, "veto")

    def count(self) -> int:
        """How many memories are here, hidden ones aside; reads no row."""
        with self._connections.reading() as db:
            here = db.execute("SELECT count(*) FROM memory").fetchone()[0]
            return int(here) - statistics.hidden(db)

    def stats(self) -> Stats:
        """Counts of what is here; reads every row."""
        with self._connections.reading() as db:
            return counted(db, self._connections.path, self._clock())

    def _index(self, model: str, key: int, dim: int) -> Index:
        with self._lock:
            if model not in self._indexes:
                self._indexes[model] = Index(self._connections.path, model, key, dim)
            return self._indexes[model]
