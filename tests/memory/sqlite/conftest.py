from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.sqlite.store import MemoryStore
from tests.memory.sqlite.made import Ticking


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "memories.sqlite3"


@pytest.fixture(params=["file", "main memory"])
def store(request: pytest.FixtureRequest, path: Path, clock: Ticking) -> Iterator[MemoryStore]:
    made = MemoryStore.open(path if request.param == "file" else None, clock)
    yield made
    made.close()
