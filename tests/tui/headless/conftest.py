from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.fingerprint import fingerprint
from engine.lowrank import Basis
from memory.sqlite.store import MemoryStore
from modes.share.library import Library, Shelved
from tests.tui.program import Program
from tui.core.remembering import open_store


@pytest.fixture
def nothing(program: Program, starter: Path) -> Library:
    """An empty subspace of one's own, so that what is shipped does not take its place."""
    library = Library(program.data / "subspace")
    library.save(Shelved(Basis({}, fingerprint(starter) or ""), {}))
    return library


@pytest.fixture
def remembering(tmp_path: Path) -> Program:
    """A program on folders of its own, of which no model is asked."""
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "config").mkdir()
    return Program(tmp_path / "data", tmp_path / "config", {"MODESHARE_EMBEDDER": "off"})


@pytest.fixture
def kept(remembering: Program) -> Iterator[MemoryStore]:
    """The store of `remembering`, open beside it."""
    store = open_store(remembering.data)
    yield store
    store.close()
