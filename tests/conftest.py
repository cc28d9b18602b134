from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.llama.engine import LlamaEngine, LlamaOptions
from tui.core.models import starter_model


@pytest.fixture(scope="session")
def starter() -> Path:
    path = starter_model()
    assert path is not None, "the extra [starter] is not installed"
    return path


@pytest.fixture(scope="session")
def fingerprints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the starter's identity is remembered: reading it takes longer than most tests here."""
    return tmp_path_factory.mktemp("known") / "models.json"


@pytest.fixture(scope="session")
def starter_engine(starter: Path, fingerprints: Path) -> Iterator[LlamaEngine]:
    """The starter model, loaded once; on one thread, because another test may hold the second core."""
    options = LlamaOptions(context=1024, threads=1, memo=fingerprints)
    engine = LlamaEngine(starter, options, lambda _fraction: True)
    engine.fingerprint()
    yield engine
    engine.close()
