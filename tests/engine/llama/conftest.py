from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.memo import remember


@pytest.fixture(scope="session")
def gemma_engine(gemma: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaEngine]:
    """On one thread, with room for more than its sliding window keeps; its identity is not asked for."""
    known = tmp_path_factory.mktemp("known") / "models.json"
    remember(gemma, "not read", known)
    options = LlamaOptions(context=1024, threads=1, memo=known)
    engine = LlamaEngine(gemma, options, lambda _fraction: True)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def small_engine(starter: Path, starter_engine: LlamaEngine, fingerprints: Path) -> Iterator[LlamaEngine]:
    """The starter model with so small a context that it is soon full."""
    options = LlamaOptions(context=256, threads=1, memo=fingerprints)
    engine = LlamaEngine(starter, options, lambda _fraction: True)
    yield engine
    engine.close()
