from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.llama.engine import LlamaEngine, LlamaOptions
from modes.catalog import Catalog
from modes.voice import Voice
from tests.tui.program import Program
from tui.core.models import starter_model
from tui.core.store import Store
from tui.core.turn import Turns


@pytest.fixture(scope="session")
def starter() -> Path:
    path = starter_model()
    assert path is not None, "the extra [starter] is not installed"
    return path


@pytest.fixture(scope="session")
def fingerprints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the starter's identity is remembered: reading it takes longer than most tests here."""
    return tmp_path_factory.mktemp("known") / "fingerprints.json"


@pytest.fixture(scope="session")
def starter_engine(starter: Path, fingerprints: Path) -> Iterator[LlamaEngine]:
    """The starter model, loaded once; on one thread, because another test may hold the second core."""
    options = LlamaOptions(context=1024, threads=1, fingerprints=fingerprints)
    engine = LlamaEngine(starter, options, lambda _fraction: True)
    engine.fingerprint()
    yield engine
    engine.close()


@pytest.fixture
def data(tmp_path: Path, starter_engine: LlamaEngine, fingerprints: Path) -> Path:
    """A data folder in which only the starter's identity is known."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    shutil.copy(fingerprints, folder)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "conversations.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def turns(starter_engine: LlamaEngine, store: Store) -> Turns:
    return Turns(starter_engine, store)


@pytest.fixture(scope="session")
def base() -> Voice:
    return Catalog.load(None).voice("base")


@pytest.fixture
def program(tmp_path: Path, data: Path) -> Program:
    config = tmp_path / "config"
    config.mkdir()
    return Program(data, config)
