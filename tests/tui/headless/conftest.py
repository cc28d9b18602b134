from __future__ import annotations

from pathlib import Path

import pytest

from engine.fingerprint import fingerprint
from engine.lowrank import Basis
from modes.share.library import Library, Shelved
from tests.tui.program import Program


@pytest.fixture
def nothing(program: Program, starter: Path) -> Library:
    """An empty subspace of one's own, so that what is shipped does not take its place."""
    library = Library(program.data / "subspace")
    library.save(Shelved(Basis({}, fingerprint(starter) or ""), {}))
    return library
