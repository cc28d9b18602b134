from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.llama.engine import LlamaEngine
from modes.catalog import Catalog
from modes.voice import Voice
from tests.tui.program import Program
from tui.core.store import Store
from tui.core.turn import Turns


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> Iterator[None]:
    """Programs of a shell's background job are born deaf to Ctrl-C: not those that are started here."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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
