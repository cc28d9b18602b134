"""``tui memory embed``: a batch at a time, each kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np
import pytest

from memory.contract import EmbedderUnavailable, FloatArray
from memory.sqlite.store import MemoryStore
from tests.tui.program import Program
from tui.headless.memory.embedding import embed_missing


class Counter:
    """An embedder that fails, or is interrupted, after so many texts."""

    model, dim = "counter@1", 4

    def __init__(self, most: int = 10**9, then: BaseException | None = None) -> None:
        self.done, self._most, self._then = 0, most, then

    def embed(self, texts: Sequence[str], query: bool = False) -> FloatArray:
        if self.done + len(texts) > self._most and self._then:
            raise self._then
        self.done += len(texts)
        return np.eye(4, dtype=np.float32)[[len(text) % 4 for text in texts]]


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with closing(MemoryStore.open(None)) as opened:
        for number in range(150):
            opened.add(f"Text number {number}.")
        yield opened


def test_all_that_lack_a_vector_get_one_and_none_is_made_twice(
    store: MemoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    embedder = Counter()
    embed_missing(store, embedder)
    assert store.stats().models == {"counter@1": (150, 4)}
    store.add("One more.")
    embed_missing(store, embedder)
    embed_missing(store, embedder)
    assert embedder.done == 151
    assert capsys.readouterr().out.splitlines() == [
        "150 embedded with counter@1",
        "1 embedded with counter@1",
        "nothing lacks an embedding by counter@1",
    ]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), EmbedderUnavailable("it died")])
def test_what_was_made_before_the_end_is_kept(
    store: MemoryStore, capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    with pytest.raises(type(error)):
        embed_missing(store, Counter(130, error))
    assert store.stats().models == {"counter@1": (128, 4)}
    assert capsys.readouterr().err == "128 of 150 embedded, and kept\n"


def test_without_anything_that_embeds_it_is_1_with_what_to_do(remembering: Program) -> None:
    off = remembering.run("memory", "embed")
    assert [off.code, off.out, off.traceback] == [1, "", False]
    assert 'embedder = "off" is set' in off.err
    absent = remembering.run(
        "memory", "embed", MODESHARE_EMBEDDER="local", MODESHARE_EMBEDDER_MODEL="/no/model"
    )
    assert [absent.code, absent.traceback] == [1, False]
    assert "/no/model" in absent.err


@pytest.mark.model
def test_with_the_starter_model_a_memory_is_found_by_what_it_means(
    remembering: Program, kept: MemoryStore
) -> None:
    kept.add("The physician prescribed tablets against the high blood pressure.")
    kept.add("The roof of the barn leaks since the storm.")
    said = remembering.run("memory", "embed", MODESHARE_EMBEDDER="local")
    assert [said.code, said.traceback] == [0, False], said.err
    assert said.out.startswith("2 embedded with all-minilm-l6-v2@")
    found = remembering.run(
        "memory", "search", "--json", "which medicine did the doctor give?", MODESHARE_EMBEDDER="local"
    )
    assert [one["id"] for one in json.loads(found.out)["memories"]] == ["L1"]
    assert json.loads(found.out)["notes"] == []
