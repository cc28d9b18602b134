"""Factors are filled up with zeros to what the processor multiplies at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.llama import library
from engine.llama.adapters import _filled


@given(st.integers(1, 70), st.sampled_from([1, 16, 32]))
def test_what_is_filled_up_has_the_same_product_and_a_rank_that_divides(rank: int, step: int) -> None:
    rng = np.random.default_rng(rank)
    up, down = rng.integers(-9, 9, (5, rank)).astype("f4"), rng.integers(-9, 9, (rank, 7)).astype("f4")
    left, right = _filled(up, down, step)
    assert left.shape == (5, len(right))
    assert len(right) % step == 0
    assert len(right) < rank + step
    assert (left @ right == up @ down).all()


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("CPU : AVX2 = 1 | FMA = 1 | ", 32),
        ("CPU : AVX2 = 1 | AVX512 = 1 | ", 1),
        ("Metal : EMBED_LIBRARY = 1 | CPU : NEON = 1 | ", 16),
        ("CPU : SSE3 = 1 | ", 1),
    ],
)
def test_a_processor_says_how_many_it_multiplies_at_once(
    monkeypatch: pytest.MonkeyPatch, said: str, step: int
) -> None:
    monkeypatch.setattr(library, "system_info", lambda: said)
    assert library.dot_length() == step
