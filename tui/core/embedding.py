"""Embeddings for memories that have none, made in the background while nobody waits for an answer.

It must not know what an answer is: it is told when there is rest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.core.means import Means

#: Memories that are embedded at once: with one thread about half a second, which a question may have to wait.
BATCH = 16
#: Seconds between two looks for what is new, and for rest.
PAUSE, REST = 30.0, 0.5


def embed_while(means: Means, resting: Callable[[], bool], closed: threading.Event) -> None:
    """Embed what comes without an embedding until ``closed``, a batch at a time while ``resting()``. Blocks.

    On this machine only: a service is sent nothing before it is asked to (``tui memory embed``). It ends when
    the store or the embedder fails; the next recall says what is wrong.
    """
    from memory.contract import MemoryTrouble
    from memory.embed import LocalEmbedder
    from memory.sqlite.errors import StoreBusy

    embedder = means.embedder
    if not isinstance(embedder, LocalEmbedder):
        return
    after: str | None = None
    with suppress(MemoryTrouble):
        while not closed.is_set():
            batch = means.store.lacking(embedder.model, BATCH, after)
            if not batch:
                after = None  # what came first may lack it by then: its text is another
                closed.wait(PAUSE)
            elif not resting():
                closed.wait(REST)
            else:
                ids = [one for one, _ in batch]
                vectors = embedder.embed([text for _, text in batch])
                try:
                    means.store.put_vectors(embedder.model, ids, vectors)
                    after = ids[-1]
                except StoreBusy:  # an import, say, that writes for minutes
                    closed.wait(REST)
