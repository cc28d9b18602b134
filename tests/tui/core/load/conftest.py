from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.llama.engine import LlamaEngine
from tests.tui.small import Small, write_small


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A model of 600 kB with the modes first and second."""
    return write_small(tmp_path_factory.mktemp("loaded"))


@pytest.fixture(scope="session")
def engine(small: Small) -> Iterator[LlamaEngine]:
    """Four answers at once, of 512 tokens each."""
    opened = small.engine()
    yield opened
    opened.close()
