"""Factors are filled up with zeros to what the processor multiplies at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.llama import library
from engine.llama.adapters import _filled
from engine.rank import filled


@given(st.integers(1, 70), st.sampled_from([1, 16, 32]))
def test_what_is_filled_up_has_the_same_product_and_at_most_half_a_step_over(rank: int, step: int) -> None:
    rng = np.random.default_rng(rank)
    up, down = rng.integers(-9, 9, (5, rank)).astype("f4"), rng.integers(-9, 9, (rank, 7)).astype("f4")
    left, right = _filled(up, down, step)
    assert left.shape == (5, len(right))
    assert len(right) % step <= step / 2
    assert rank <= len(right) < rank + step / 2
    assert (left @ right == up @ down).all()


@pytest.mark.parametrize(
    ("rank", "found"), [(4, 4), (16, 16), (20, 32), (28, 32), (32, 32), (36, 36), (56, 64)]
)
def test_small_rests_are_left_as_they_are(rank: int, found: int) -> None:
    assert filled(rank, 32) == found
    assert filled(rank, 1) == rank


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
