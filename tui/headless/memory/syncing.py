"""``tui memory sync``: the server's memories brought here, with progress and counts."""

from __future__ import annotations

from memory.contract import Embedder
from memory.postgres.server import Server
from memory.sqlite.store import MemoryStore
from memory.sync import Synced, sync
from tui.core.notices import Notices
from tui.headless.report import write_line


def sync_from(
    server: Server, store: MemoryStore, top: int | None, embedder: Embedder | None, replace: bool = False
) -> None:
    """Make the copy here what the server has. Raises `MemoryUnavailable`; what had arrived by then stays."""
    notices = Notices()

    def show(what: str, done: int, of: int) -> None:
        notices.progress(f"{what}: {done:,}" + (f" of {of:,}" if of else ""))

    try:
        found = sync(server, store, top=top, embedder=embedder, progress=show, replace=replace)
    finally:
        notices.clear()
    for note in found.notes:
        notices.say(note)
    for why, count in found.skipped.items():
        notices.say(f"left out: {count:,}, {why}")
    write_line(_said(found))


def _said(found: Synced) -> str:
    rows = f"{found.added:,} added, {found.changed:,} changed, {found.gone:,} gone"
    return f"{rows}; {found.embedded:,} embedded, {found.vectors:,} of them by the server"
