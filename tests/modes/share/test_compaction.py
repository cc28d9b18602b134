"""What a subspace weighs, and the best one for a budget."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lowrank import Core
from modes.share.compaction import (
    BudgetTooSmall,
    as_learned,
    basis_bytes,
    compact,
    core_bytes,
    total_bytes,
    trimmed,
)
from modes.share.subspace import build, grow
from tests.modes.share.adapters import SHAPES, adapter

FOUR = {f"mode{i}": adapter(i) for i in range(4)}


def test_bytes_are_those_of_all_numbers_that_are_kept() -> None:
    built = build(FOUR, "base", tolerance=0.0)
    ranks = {name: one.rank for name, one in built.basis.modules.items()}
    assert basis_bytes(built.basis) == 2 * sum(ranks[name] * (n + d) for name, (n, d) in SHAPES.items())
    assert core_bytes(built.modes["mode0"], 4) == 4 * sum(k * k for k in ranks.values())
    assert total_bytes(built.basis, built.modes) == basis_bytes(built.basis) + 4 * core_bytes(
        built.modes["mode0"]
    )


def test_padding_weighs_nothing() -> None:
    built = build({"a": FOUR["mode0"]}, "base")
    _, modes = grow(built.basis, built.modes, FOUR["mode1"])
    assert core_bytes(modes["a"]) == core_bytes(built.modes["a"])


def test_what_growth_added_can_be_taken_away_again() -> None:
    built = build({"a": FOUR["mode0"]}, "base")
    basis, modes = grow(built.basis, built.modes, FOUR["mode1"])
    cut = as_learned(basis, modes["a"])
    assert cut is not None
    for name, one in built.basis.modules.items():
        np.testing.assert_array_equal(cut[0].modules[name].up, one.up)
        np.testing.assert_array_equal(cut[1].cores[name].left, built.modes["a"].cores[name].left)
    assert as_learned(built.basis, built.modes["a"]) is None


def test_a_core_of_zeros_is_trimmed_to_nothing() -> None:
    assert trimmed(Core(np.zeros((4, 4), np.float32))).size == 0
    assert trimmed(Core(np.zeros((4, 2), np.float32), np.zeros((4, 2), np.float32))).size == 0


@settings(max_examples=20)
@given(st.floats(0.15, 1.2))
def test_what_is_compacted_fits_and_nothing_larger_would(share: float) -> None:
    built = build(FOUR, "base", tolerance=0.0)
    budget = int(total_bytes(built.basis, built.modes) * share)
    found = compact(built.basis, built.modes, budget)
    assert total_bytes(found.basis, found.modes) <= budget
    assert list(found.modes) == list(FOUR)
    rank = max(one.rank for one in found.basis.modules.values())
    if share < 1:
        larger = build(FOUR, "base", tolerance=0.0, rank=rank + 1)
        assert total_bytes(larger.basis, larger.modes) > budget
        assert found.worst()[2] > 0
    else:
        assert found.basis is built.basis
        assert found.worst()[2] < 1e-3


def test_a_budget_for_nothing_is_refused_with_what_it_takes() -> None:
    built = build(FOUR, "base")
    with pytest.raises(BudgetTooSmall, match=r"100 bytes is too small for 4 modes: rank 1 takes \d+"):
        compact(built.basis, built.modes, 100)
