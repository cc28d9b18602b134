"""Embeddings by a sentence-transformers model on this machine, in a process of its own."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from memory.contract import EmbedderUnavailable, FloatArray
from memory.embed.folder import STARTER, checked, identity, starter_folder
from memory.embed.helper import Helper, HelperDied
from memory.embed.rows import readable, unit_rows

#: Texts that are handed over at once: a query that comes meanwhile waits for so many.
BATCH = 16
Answer = TypeVar("Answer")


class LocalEmbedder:
    """An `Embedder` over the model in ``folder`` (None: the starter's, from its package).

    Its helper process starts with the first call or with `warm`, is started anew when it has died, and ends
    with this process, however that ends. ``threads`` may compute in it. A query goes before the next batch of
    texts that are to be kept.
    """

    def __init__(self, folder: Path | None = None, threads: int = 1) -> None:
        self._folder, self._threads = folder, threads
        self._model: str | None = None
        self._helper: Helper | None = None
        self._closed = False
        self._swap = threading.Lock()
        # One thread talks to the helper. Who asks a query waits at ``next`` with one other at most; all who
        # have batches wait at ``low`` first.
        self._talk, self._next, self._low = threading.Lock(), threading.Lock(), threading.Lock()

    @property
    def model(self) -> str:
        """The model's name and a hash of its files. Loads nothing. Raises `EmbedderUnavailable`."""
        if self._model is None:
            name = STARTER if self._folder is None else self._folder.resolve().name
            self._model = identity(self._where(), name)
        return self._model

    @property
    def dim(self) -> int:
        """Length of a vector. Loads the model. Raises `EmbedderUnavailable`."""
        with self._turn(urgent=True):
            return self._asked(Helper.dim)

    @property
    def pid(self) -> int | None:
        """The helper's process, None before it is started."""
        return None if self._helper is None else self._helper.pid

    def warm(self) -> None:
        """Begin to load, and do not wait. Raises `EmbedderUnavailable` when there is nothing to load."""
        self._running()

    def embed(
        self, texts: Sequence[str], query: bool = False, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """``(len(texts), dim)`` float32, rows of length 1; ``progress`` is told how many are done.

        Raises `EmbedderUnavailable`.
        """
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        parts: list[FloatArray] = []
        for at in range(0, len(texts), BATCH):
            batch = [readable(text) for text in texts[at : at + BATCH]]
            with self._turn(query):
                rows = self._asked(partial(Helper.embed, texts=batch, query=query))
            parts.append(unit_rows(rows, len(batch), None, "the embedding model"))
            if progress is not None:
                progress(at + len(batch))
        return np.concatenate(parts)

    def close(self) -> None:
        """End the helper, in mid-work too; whoever waits for it gets `EmbedderUnavailable`."""
        with self._swap:
            self._closed = True
            if self._helper is not None:
                self._helper.end()

    def _where(self) -> Path:
        return checked(starter_folder() if self._folder is None else self._folder)

    @contextmanager
    def _turn(self, urgent: bool) -> Iterator[None]:
        """The helper for this thread alone."""
        if not urgent:
            self._low.acquire()
        try:
            with self._next:
                self._talk.acquire()
            try:
                yield
            finally:
                self._talk.release()
        finally:
            if not urgent:
                self._low.release()

    def _asked(self, ask: Callable[[Helper], Answer]) -> Answer:
        """What ``ask`` gets; a helper that dies is started anew once."""
        for _attempt in range(2):
            helper = self._running()
            try:
                return ask(helper)
            except HelperDied:
                helper.end()
        raise EmbedderUnavailable(
            "the process that makes embeddings died twice: is there enough memory? recall goes on by keywords"
        )

    def _running(self) -> Helper:
        with self._swap:
            if self._closed:
                raise EmbedderUnavailable("the embedder is closed")
            if self._helper is None or not self._helper.alive:
                self._helper = Helper(self._where(), self._threads)
                # The end of its input ends it at our exit; this is for an embedder that is merely dropped.
                weakref.finalize(self, self._helper.end)
            return self._helper
