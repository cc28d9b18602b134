"""Basis, cores and their algebra, without any engine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lowrank import (
    Basis,
    Coefficients,
    Core,
    LowRankError,
    Subspace,
    adapter_factors,
    blend,
    check_fit,
    delta,
)
from tests.engine.random_modes import changes, directions, random_basis, random_coefficients

SHAPES = {"a": (12, 9), "b": (7, 12)}

seeds = st.integers(0, 2**32 - 1)
ranks = st.integers(1, 6)
weights = st.floats(-2, 2)


@given(seeds, ranks)
def test_the_change_of_a_weight_is_u_c_v_transposed(seed: int, rank: int) -> None:
    basis = random_basis(SHAPES, rank, "base", seed)
    coefficients = random_coefficients(basis, 1.0, seed)
    for name, core in coefficients.cores.items():
        subspace = basis.modules[name]
        wanted = subspace.up.astype(float) @ core.left.astype(float) @ subspace.down.T.astype(float)
        np.testing.assert_allclose(delta(subspace, core), wanted, atol=1e-5)


@given(seeds, ranks, st.integers(1, 4))
def test_a_factored_core_changes_what_its_dense_form_changes(seed: int, rank: int, factors: int) -> None:
    basis = random_basis(SHAPES, rank, "base", seed)
    for name, core in random_coefficients(basis, 1.0, seed, factors).cores.items():
        subspace = basis.modules[name]
        np.testing.assert_allclose(delta(subspace, core), delta(subspace, Core(core.dense())), atol=1e-4)
        up, down = adapter_factors(subspace, core)
        assert up.shape == (len(subspace.up), factors)
        assert down.shape == (factors, len(subspace.down))


@given(seeds, ranks, ranks, ranks)
def test_directions_that_a_core_does_not_use_are_no_part_of_its_factors(
    seed: int, rank: int, rows: int, columns: int
) -> None:
    basis = random_basis(SHAPES, rank, "base", seed)
    for name, whole in random_coefficients(basis, 1.0, seed).cores.items():
        subspace, core = basis.modules[name], whole.dense().copy()
        core[rows:], core[:, columns:] = 0, 0
        up, down = adapter_factors(subspace, Core(core))
        assert up.shape[1] == len(down) == min(rank, rows, columns)
        np.testing.assert_allclose(up @ down, subspace.up @ core @ subspace.down.T, atol=1e-5)


def test_a_core_that_is_zero_has_factors_of_one_direction() -> None:
    subspace = random_basis(SHAPES, 3, "base", 0).modules["a"]
    up, down = adapter_factors(subspace, Core(np.zeros((3, 3), np.float32)))
    assert up.shape[1] == len(down) == 1
    assert not (up @ down).any()


@given(seeds, ranks, weights, weights)
def test_a_blend_changes_the_weighted_sum_of_what_its_parts_change(
    seed: int, rank: int, one: float, other: float
) -> None:
    basis = random_basis(SHAPES, rank, "base", seed)
    first, second = (
        random_coefficients(basis, 1.0, seed + i, factors) for i, factors in enumerate((None, 2))
    )
    blended = changes(basis, blend([(first, one), (second, other)]))
    for name in SHAPES:
        wanted = one * changes(basis, first)[name] + other * changes(basis, second)[name]
        np.testing.assert_allclose(blended[name], wanted, atol=1e-4)


def test_a_module_that_one_part_lacks_counts_as_zero_there() -> None:
    basis = random_basis(SHAPES, 3, "base")
    whole = random_coefficients(basis, 1.0, 1)
    part = Coefficients({"a": whole.cores["a"]})
    blended = blend([(whole, 0.5), (part, 0.5)])
    np.testing.assert_allclose(blended.cores["a"].dense(), whole.cores["a"].dense(), atol=1e-6)
    np.testing.assert_allclose(blended.cores["b"].dense(), whole.cores["b"].dense() / 2, atol=1e-6)


def test_a_blend_of_nothing_changes_nothing() -> None:
    assert blend([]).cores == {}


def test_blending_cores_of_different_sizes_is_refused_and_names_the_module() -> None:
    with pytest.raises(LowRankError, match="a: cores of sizes 2 and 3"):
        blend([(Coefficients({"a": Core(np.eye(size, dtype=np.float32))}), 1.0) for size in (2, 3)])


@pytest.mark.parametrize("side", ["up", "down"])
def test_factors_that_are_not_orthonormal_are_refused(side: str) -> None:
    rng = np.random.default_rng(0)
    factors = {"up": directions(rng, 8, 3), "down": directions(rng, 6, 3)}
    factors[side] = factors[side] * np.float32(1.1)
    with pytest.raises(LowRankError, match="not orthonormal"):
        Subspace(**factors)
    factors[side] = np.full_like(factors[side], np.nan)
    with pytest.raises(LowRankError, match="not orthonormal"):
        Subspace(**factors)


def test_factors_rounded_to_float16_are_still_orthonormal_enough() -> None:
    rng = np.random.default_rng(0)
    up, down = (directions(rng, size, 64).astype(np.float16).astype(np.float32) for size in (1536, 576))
    assert Subspace(up, down).rank == 64


def test_factors_of_different_rank_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(LowRankError, match="same number of columns"):
        Subspace(directions(rng, 8, 3), directions(rng, 6, 2))


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        (np.zeros((2, 3)), None, "must be square"),
        (np.zeros((2, 3)), np.zeros((2, 2)), "differ in shape"),
        (np.full((2, 2), np.nan), None, "not finite"),
        (np.zeros((2, 1)), np.full((2, 1), np.inf), "not finite"),
    ],
)
def test_cores_that_make_no_sense_are_refused(left: np.ndarray, right: np.ndarray | None, said: str) -> None:
    with pytest.raises(LowRankError, match=said):
        Core(left, right)


def test_coefficients_that_do_not_fit_their_basis_are_refused_by_module() -> None:
    basis = random_basis(SHAPES, 3, "base")
    with pytest.raises(LowRankError, match="coefficients for c, which the basis does not have"):
        check_fit(basis, Coefficients({"c": Core(np.eye(3, dtype=np.float32))}))
    with pytest.raises(LowRankError, match="a: core of size 2, subspace of rank 3"):
        check_fit(basis, Coefficients({"a": Core(np.eye(2, dtype=np.float32))}))
    with pytest.raises(LowRankError, match="core of size 2 in a subspace of rank 3"):
        adapter_factors(basis.modules["a"], Core(np.eye(2, dtype=np.float32)))
    check_fit(basis, random_coefficients(Basis(basis.modules, "base"), 1.0, 0))
