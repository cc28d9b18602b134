from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.llama.engine import LlamaEngine
from tests.tui.core.test_evaluate import choice_of
from tests.tui.small import MODES, Small, write_small
from tui.core.coefficients import Wardrobe
from tui.core.load.run import LoadRun
from tui.core.load.spec import Wanted

Loading = Callable[..., LoadRun]


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


@pytest.fixture
def load(small: Small, tmp_path: Path) -> Loading:
    """A run on an engine, with few items."""

    def make(engine: Any, counts: tuple[int, ...] = (1, 3), depth: int | None = None, **how: Any) -> LoadRun:
        wardrobe = Wardrobe(small.data / "subspace", small.folder / "none", frozenset(MODES))
        choice = choice_of(small, items=3)
        return LoadRun(engine, wardrobe, tmp_path / "loads", choice, Wanted(counts, depth), **how)

    return make
