"""``tui memory embed``: vectors for the memories that have none of this model, kept a batch at a time."""

from __future__ import annotations

import time

from memory.contract import Embedder
from memory.sqlite.store import MemoryStore
from tui.core.notices import Notices
from tui.headless.report import write_line

#: Memories that are embedded and then kept at once.
_BATCH = 64


def embed_missing(store: MemoryStore, embedder: Embedder) -> None:
    """Make and keep them; print how many. Raises `EmbedderUnavailable`, `MemoryUnavailable`, `BadMemory`."""
    notices, model, began = Notices(), embedder.model, time.monotonic()
    stats = store.stats()
    total = max(0, stats.recallable - stats.models.get(model, (0, 0))[0])
    done, after = 0, None
    try:
        while batch := store.lacking(model, _BATCH, after):
            most = max(total, done + len(batch))
            notices.progress(f"embedding {done:,} of {most:,}{_left(done, total, began)}")
            ids = [id for id, _ in batch]
            store.put_vectors(model, ids, embedder.embed([text for _, text in batch]))
            done, after = done + len(ids), ids[-1]
    except BaseException:  # whatever ended it, how far it came is worth knowing
        notices.say(f"{done:,} of {total:,} embedded, and kept")
        raise
    notices.clear()
    write_line(f"{done:,} embedded with {model}" if done else f"nothing lacks an embedding by {model}")


def _left(done: int, total: int, began: float) -> str:
    if not done or total <= done:
        return ""
    seconds = (time.monotonic() - began) / done * (total - done)
    return f", {seconds / 60:,.0f} min left" if seconds > 90 else f", {seconds:,.0f} s left"
