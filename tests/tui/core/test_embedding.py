"""Memories get their embeddings in an open chat, while nobody waits for an answer."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memory.contract import FloatArray
from memory.embed import LocalEmbedder, ServiceEmbedder
from memory.record import Memory
from memory.sqlite import opening
from memory.sqlite.store import MemoryStore
from tests.tui.core.remembered import HARBOUR, TIDE, remember
from tui.core import embedding
from tui.core.embedding import embed_while
from tui.core.means import Means
from tui.core.memories import Memories

pytestmark = pytest.mark.xdist_group("embedder")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    remember(tmp_path / "memories.sqlite3", HARBOUR, TIDE)
    made = MemoryStore.open(tmp_path / "memories.sqlite3")
    yield made
    made.close()


@pytest.fixture
def embedder() -> Iterator[LocalEmbedder]:
    made = LocalEmbedder()
    yield made
    made.close()


class Instant(LocalEmbedder):
    """Embeds without a model."""

    @property
    def model(self) -> str:
        return "instant"

    def embed(
        self, texts: Sequence[str], query: bool = False, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        return np.ones((len(texts), 2), np.float32)


def until(holds: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_open_chat_embeds_what_has_no_embedding_also_what_comes_later(
    store: MemoryStore, embedder: LocalEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "PAUSE", 0.05)
    memories = Memories(lambda: Means(store, store, embedder))
    memories.begin(lambda: True)
    until(lambda: not store.lacking(embedder.model, 1))
    store.add("The ferry leaves at nine.")
    until(lambda: not store.lacking(embedder.model, 1))
    assert store.stats().models[embedder.model][0] == 3
    memories.close()


def test_a_text_that_a_server_has_changed_since_is_embedded_anew(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "PAUSE", 0.05)
    memories = Memories(lambda: Means(store, store, Instant()))
    early, late = (Memory(one, f"row {one}", 50.0, 0.0, 0.0, "federation") for one in ("7", "8"))
    store.take_in([early, late])
    memories.begin(lambda: True)
    until(lambda: not store.lacking("instant", 1))
    store.take_in([replace(early, content="another text")])
    until(lambda: not store.lacking("instant", 1), seconds=10.0)
    memories.close()


def test_another_program_that_writes_puts_it_off_and_does_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "PAUSE", 0.05)
    monkeypatch.setattr(opening, "PATIENCE", 0.05)
    store, asked = MemoryStore.open(tmp_path / "m.sqlite3"), []

    class Counted(Instant):
        def embed(self, texts: Sequence[str], *more: Any, **named: Any) -> FloatArray:
            asked.append(len(texts))
            return super().embed(texts, *more, **named)

    store.add(TIDE)
    memories = Memories(lambda: Means(store, store, Counted()))
    with closing(sqlite3.connect(tmp_path / "m.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        memories.begin(lambda: True)
        until(lambda: bool(asked))
        time.sleep(0.3)
        other.execute("COMMIT")
    until(lambda: not store.lacking("instant", 1), seconds=10.0)
    memories.close()
    store.close()


def test_nothing_is_embedded_while_an_answer_is_written(
    store: MemoryStore, embedder: LocalEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "REST", 0.01)
    asked, closed = [], threading.Event()

    def busy() -> bool:
        asked.append(True)
        if len(asked) == 20:
            closed.set()
        return False

    embed_while(Means(store, store, embedder), busy, closed)
    assert len(asked) == 20
    assert len(store.lacking(embedder.model, 5)) == 2
    assert embedder.pid is None, "the model is not even loaded"


def test_a_service_is_sent_nothing_unasked(store: MemoryStore) -> None:
    service = ServiceEmbedder("http://127.0.0.1:9", "some-model", None)
    embed_while(Means(store, store, service), lambda: True, threading.Event())
    service.close()


def test_an_embedder_that_fails_ends_it_quietly(store: MemoryStore, tmp_path: Path) -> None:
    embed_while(Means(store, store, LocalEmbedder(tmp_path / "none")), lambda: True, threading.Event())
