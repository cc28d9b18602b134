"""``tui memory add``, ``heat`` and ``forget``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, BinaryIO

from memory.contract import BadMemory
from memory.sqlite.store import MemoryStore
from memory.temperature import stage_of
from tui.core.notices import Notices
from tui.headless.inputs import BadInput, read_question
from tui.headless.report import write_line


def read_text(text: str | None, stdin: BinaryIO | None) -> str:
    """The text to remember: ``text``, or with None or ``-`` all of ``stdin``. Raises `BadInput`."""
    if text not in (None, "-") and not (text or "").strip():
        raise BadInput("there is no text to remember: it is empty")
    try:
        return read_question(text, stdin)
    except BadInput as error:
        if "no question" in str(error):
            raise BadInput(
                "there is no text to remember: give it as an argument or on standard input"
            ) from None
        raise


def add(store: MemoryStore, content: str, how: Mapping[str, Any]) -> None:
    """Remember it, and print its id. Raises `MemoryUnavailable`, `BadMemory`."""
    began = time.time()
    given = {name: value for name, value in how.items() if value is not None}
    kept = store.add(content, provenance="tui memory add", **given)
    if kept.created_at < began - 1:
        Notices().say(f"that is remembered already, as {kept.id}; it stays as it is")
    write_line(kept.id)


def heat(store: MemoryStore, id: str, temperature: float) -> None:
    """Set how hot it is. Raises `MemoryUnavailable`, `BadMemory` for an unknown id."""
    id = plain(id)
    store.heat(id, temperature)
    (found,) = store.by_id([id], None)
    write_line(f"{id} is {stage_of(found.heat)} now, at {found.heat:.0f} degrees")


def forget(store: MemoryStore, id: str) -> None:
    """Delete or hide it. Raises `MemoryUnavailable`, `BadMemory` for an unknown id."""
    id = plain(id)
    found = store.by_id([id], None)
    if not found or not store.forget(id):
        raise BadMemory(f"there is no memory {id}: tui memory search finds ids")
    ours = found[0].memory.origin == "local"
    write_line(f"{id} is deleted" if ours else f"{id} is hidden here; the server's row stays as it is")


def plain(id: str) -> str:
    """An id as it is kept; it is shown with a ``#`` before it in places."""
    return id.strip().removeprefix("#")
