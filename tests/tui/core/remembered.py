"""Memories for the tests of turns: a real store and a real recall, by keywords."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from memory.sqlite.store import MemoryStore
from tui.core.means import Means
from tui.core.memories import Memories

#: What a model that answers about colours may be reminded of.
HARBOUR = "The harbour master of Ettersby paints every boat ochre, which is the favourite colour there."
TIDE = "High tide in Ettersby is at noon, when the harbour is full."


def remember(file: Path, *texts: str, **fields: object) -> list[str]:
    """Put ``texts`` into the store ``file``; their ids."""
    store = MemoryStore.open(file)
    try:
        return [store.add(text, **fields).id for text in texts]  # type: ignore[arg-type]
    finally:
        store.close()


def by_keyword(file: Path) -> Memories:
    """A session's memories on ``file``, with nothing that embeds."""

    def opening() -> Means | None:
        if not file.exists():
            return None
        store = MemoryStore.open(file)
        return Means(store, store, None, close=store.close)

    return Memories(opening)


def ids_of(shown: Sequence[object]) -> list[str]:
    return [one.id for one in shown]  # type: ignore[attr-defined]
