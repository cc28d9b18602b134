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
    tried: set[str] = set()
    try:
        while True:
            batch = [one for one in store.lacking(model, _BATCH, after) if one[0] not in tried]
            if not batch:
                break
            ids = [id for id, _ in batch]
            notices.progress(
                f"embedding {done:,} of {max(total, done + len(batch)):,}{_left(done, total, began)}"
            )
            store.put_vectors(model, ids, embedder.embed([text for _, text in batch]))
            tried.update(ids)
            done, after = done + len(ids), ids[-1]
    finally:
        notices.clear()
        if done:
            notices.say(f"{done:,} embedded in {time.monotonic() - began:,.0f} s")
    write_line(f"{done:,} embedded with {model}" if done else f"nothing lacks an embedding by {model}")


def _left(done: int, total: int, began: float) -> str:
    if not done or total <= done:
        return ""
    seconds = (time.monotonic() - began) / done * (total - done)
    return f", {seconds / 60:,.0f} min left" if seconds > 90 else f", {seconds:,.0f} s left"
