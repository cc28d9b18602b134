"""What the parts of recall promise each other: sources of candidates, embedders, errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from memory.record import Memory

FloatArray = np.ndarray[Any, np.dtype[np.float32]]


class MemoryTrouble(Exception):
    """Base of every error here; its text says what, where, what to do, and holds no secret and no content."""


class MemoryUnavailable(MemoryTrouble):
    """A store or server cannot be used now: the conversation goes on without it, and says so once."""


class EmbedderUnavailable(MemoryTrouble):
    """Texts cannot be embedded now: recall goes on by keywords."""


class BadMemory(MemoryTrouble):
    """What was given cannot be remembered or read; the text says where (file, line) and why."""


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """A query's embedding: ``values`` (dim,) float32 of length 1, made by ``model``.

    Vectors of different models are never compared.
    """

    values: FloatArray
    model: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which memories may be candidates: of ``domains`` (empty: all), ``sacred`` ones or not.

    None that is ``excluded`` (ids), and no retracted one.
    """

    domains: tuple[str, ...] = ()
    sacred: bool = False
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A memory that may be recalled, and what a leg of the search knows of it.

    ``heat`` is its temperature now, 0 to 100; ``vector`` (dim,) its unit embedding by the query's model and
    ``cosine`` the query's with it, None where there is none.
    """

    memory: Memory
    heat: float
    cosine: float | None = None
    vector: FloatArray | None = None


class Source(Protocol):
    """Where candidates come from. Blocks; may be called from any thread.

    Every method may raise `MemoryUnavailable`.
    """

    def by_vector(self, query: Vector, wanted: Wanted, count: int) -> list[Candidate]:
        """At most ``count``, the highest cosine first. Empty when nothing has an embedding of this model."""

    def by_keyword(self, text: str, query: Vector | None, wanted: Wanted, count: int) -> list[Candidate]:
        """At most ``count`` that share words with ``text``, the best (BM25) first."""

    def by_id(self, ids: Sequence[str], query: Vector | None) -> list[Candidate]:
        """Those of ``ids`` that are there, in their order."""

    def note(self, shown: Sequence[tuple[str, float]], milliseconds: float) -> None:
        """Log that a recall showed these (id, score); never the query's text."""


class Embedder(Protocol):
    """Makes embeddings. Blocks; may be called from any thread; loading is part of the first call."""

    @property
    def model(self) -> str:
        """What made the vectors, with its version: vectors of another never compare with these."""

    @property
    def dim(self) -> int:
        """Length of a vector. May load the model. Raises `EmbedderUnavailable`."""

    def embed(self, texts: Sequence[str], query: bool = False) -> FloatArray:
        """``(len(texts), dim)`` float32, rows of length 1. ``query``: what is asked, not what is kept.

        Raises `EmbedderUnavailable`.
        """
