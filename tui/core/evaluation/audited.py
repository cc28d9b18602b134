"""What an audit of the memories says of the second hypothesis: is there enough to train on?

It must not know a report.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Audited:
    """``enough`` None: not measured, and ``sentence`` says why."""

    enough: bool | None = None
    sentence: str = ""


UNAUDITED = Audited()


def audited(data: Path | None) -> Audited:
    """The memories in the folder ``data``, as they are on this machine: no server is asked. Blocks.

    A store that cannot be read leaves it unmeasured.
    """
    from memory.audit import audit
    from memory.contract import MemoryTrouble
    from tui.core.paths import memories_file
    from tui.core.remembering import open_store

    if data is None or not memories_file(data).exists():
        return UNAUDITED
    try:
        store = open_store(data, make=False)
        try:
            found = audit(store.memories(), time.time())
        finally:
            store.close()
    except MemoryTrouble as error:
        return Audited(None, f"the memories cannot be audited: {error}")
    return Audited(found.enough, found.sentence)
