"""What an operator does with memories by hand: look, search, pin, veto, forget.

Blocks: not for a screen's thread. It must not know a screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from memory.contract import Candidate
    from memory.record import Origin
    from memory.sqlite.statistics import Stats
    from tui.core.means import Means
    from tui.core.memories import Memories

_T = TypeVar("_T")

#: Memories that a search finds, at most.
FOUND = 10


class MemoryRefused(Exception):
    """What was wanted of the memories cannot be had; the text says why and what to do."""


class Curator:
    """Every method raises `MemoryRefused`."""

    def __init__(self, memories: Memories) -> None:
        self._memories = memories

    def pin(self, id: str, conversation: str, on: bool = True) -> None:
        """Show it with every question there, or no longer so. What is pinned becomes warmer."""

        def work(means: Means) -> None:
            _found(means, id)
            means.store.pin(id, conversation, on)
            if on:
                means.store.use([id], conversation)

        self._done(work)

    def veto(self, id: str, conversation: str, on: bool = True) -> None:
        """Never show it there again, or do."""

        def work(means: Means) -> None:
            if on:
                _found(means, id)
            means.store.veto(id, conversation, on)

        self._done(work)

    def forget(self, id: str, conversation: str | None) -> Origin:
        """Delete one of ours; hide one of a server's here. ``conversation`` is not shown it again either."""

        def work(means: Means) -> Origin:
            origin = _found(means, id).memory.origin
            means.store.forget(id)
            if conversation is not None:
                means.store.veto(id, conversation, True)
            self._memories.recount()
            return origin

        return self._done(work)

    def one(self, id: str) -> Candidate:
        """The memory of that id, and how hot it is now."""
        return self._done(lambda means: _found(means, id))

    def search(self, text: str) -> list[Candidate]:
        """What has to do with ``text``, by words and by meaning in turn, whatever a conversation vetoed."""

        def work(means: Means) -> list[Candidate]:
            from memory.contract import EmbedderUnavailable, Vector, Wanted

            wanted, query = Wanted(), None
            if means.embedder is not None:
                try:
                    query = Vector(means.embedder.embed([text], query=True)[0], means.embedder.model)
                except EmbedderUnavailable:
                    query = None  # words alone, then; a turn has told why
            near = means.source.by_vector(query, wanted, FOUND) if query else []
            return _in_turn(means.source.by_keyword(text, query, wanted, FOUND), near)[:FOUND]

        return self._done(work)

    def stats(self) -> Stats:
        """What the local store holds; reads every row of it."""
        return self._done(lambda means: means.store.stats())

    def _done(self, work: Callable[[Means], _T]) -> _T:
        means = self._memories.means()
        if means is None:
            why = ": ".join(self._memories.news())
            raise MemoryRefused(why or "there are no memories: tui memory add TEXT makes one")
        from memory.contract import MemoryTrouble

        try:
            return work(means)
        except MemoryTrouble as error:
            raise MemoryRefused(str(error)) from error


def _found(means: Means, id: str) -> Candidate:
    found = means.source.by_id([id], None)
    if not found:
        raise MemoryRefused(f"there is no memory #{id}: /memory search TEXT finds one")
    return found[0]


def _in_turn(*lists: Iterable[Candidate]) -> list[Candidate]:
    """One of each in turn, none twice."""
    found: dict[str, Candidate] = {}
    from itertools import chain, zip_longest

    for one in chain.from_iterable(zip_longest(*lists)):
        if one is not None:
            found.setdefault(one.memory.id, one)
    return list(found.values())
