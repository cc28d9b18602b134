"""The other versions of a message: what an edit or another answer left beside it.

It must not know a screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.core.conversation import Node
from tui.core.store import Store


@dataclass(frozen=True, slots=True)
class Version:
    """Where a message stands among its versions: ``ids`` oldest first, ``at`` an index into them."""

    ids: tuple[str, ...]
    at: int

    @property
    def label(self) -> str:
        """``2/3``."""
        return f"{self.at + 1}/{len(self.ids)}"

    def beside(self, step: int) -> str | None:
        """The id of the version ``step`` further on, None past either end."""
        wanted = self.at + step
        return self.ids[wanted] if 0 <= wanted < len(self.ids) else None


def versions(store: Store, path: Sequence[Node], conversation: str) -> dict[str, Version]:
    """Of every message of ``path`` that has others beside it. Raises `StoreError`."""
    found = {}
    for node in store.branched(path[-1].id):
        ids = tuple(one.id for one in store.siblings(node, conversation))
        if len(ids) > 1:
            found[node] = Version(ids, ids.index(node))
    return found
