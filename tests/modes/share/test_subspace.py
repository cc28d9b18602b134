"""One subspace for all modes: exact where there is room, the same however asked for, and growing safely."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lowrank import Basis, Coefficients, Core, LowRankError, Subspace, adapter_factors, blend, delta
from modes.share.change import Adapter, BadAdapter, Change
from modes.share.subspace import build, grow, padded, project, reconstructed, seeded
from tests.modes.share.adapters import SHAPES, adapter, change, dense

#: float32 cores and directions, against float64.
CLOSE = 2e-4
seeds = st.integers(0, 2**32 - 1)
counts = st.integers(1, 4)


def changes(basis: Basis, coefficients: Coefficients) -> dict[str, np.ndarray]:
    return {name: delta(basis.modules[name], core) for name, core in coefficients.cores.items()}


def assert_same(basis: Basis, coefficients: Coefficients, wanted: Adapter) -> None:
    made = changes(basis, coefficients)
    for name, one in wanted.items():
        scale = max(1.0, float(np.abs(dense(one)).max()))
        np.testing.assert_allclose(made[name], dense(one), atol=CLOSE * scale)


def adapters(seed: int, count: int, rank: int = 3) -> dict[str, Adapter]:
    return {f"mode{i}": adapter(seed + i, rank) for i in range(count)}


@settings(max_examples=25)
@given(seeds, counts)
def test_a_subspace_of_all_ranks_together_is_exact(seed: int, count: int) -> None:
    wanted = adapters(seed, count)
    built = build(wanted, "base", tolerance=0.0)
    for mode, one in wanted.items():
        assert_same(built.basis, built.modes[mode], one)
        assert max(built.errors[mode].values()) < 1e-3
    assert all(one.rank <= 3 * count for one in built.basis.modules.values())


@settings(max_examples=25)
@given(seeds)
def test_it_depends_on_the_changes_and_not_on_how_they_were_factored(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = adapters(seed, 3)
    mix = rng.standard_normal((3, 3)) + 3 * np.eye(3)
    mixed = {
        mode: {n: Change(one.left @ mix, one.right @ np.linalg.inv(mix).T) for n, one in adapter.items()}
        for mode, adapter in wanted.items()
    }
    first, second = (build(one, "base", tolerance=0.0, rank=4) for one in (wanted, mixed))
    for mode in wanted:
        for name in SHAPES:
            one, other = (changes(b.basis, b.modes[mode])[name] for b in (first, second))
            np.testing.assert_allclose(one, other, atol=1e-3)


@settings(max_examples=25)
@given(seeds)
def test_the_order_of_the_modes_does_not_count(seed: int) -> None:
    wanted = adapters(seed, 3)
    first, second = (
        build(dict(o), "base", tolerance=0.0, rank=4) for o in (wanted.items(), [*wanted.items()][::-1])
    )
    for mode in wanted:
        for name in SHAPES:
            one, other = (changes(b.basis, b.modes[mode])[name] for b in (first, second))
            np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_loud_adapter_does_not_drown_a_quiet_one() -> None:
    wanted = {"loud": adapter(1, size=1000.0), "quiet": adapter(2)}
    built = build(wanted, "base", tolerance=0.5)
    assert max(built.errors["quiet"].values()) <= 0.5 + 1e-6


@given(st.floats(0.05, 0.9))
@settings(max_examples=25)
def test_the_rank_is_the_smallest_that_keeps_every_mode_within_the_tolerance(tolerance: float) -> None:
    wanted = adapters(5, 3)
    built = build(wanted, "base", tolerance=tolerance)
    assert all(error <= tolerance + 1e-4 for errors in built.errors.values() for error in errors.values())
    for name, one in built.basis.modules.items():
        if one.rank > 1:
            capped = build(wanted, "base", tolerance=0.0, rank=one.rank - 1)
            assert max(errors[name] for errors in capped.errors.values()) > tolerance - 1e-4


def test_the_error_told_is_the_distance_from_the_wanted_change() -> None:
    wanted = adapters(9, 4)
    built = build(wanted, "base", tolerance=0.0, rank=5)
    for mode, one in wanted.items():
        for name, made in changes(built.basis, built.modes[mode]).items():
            distance = np.linalg.norm(dense(one[name]) - made) / np.linalg.norm(dense(one[name]))
            assert built.errors[mode][name] == pytest.approx(distance, abs=1e-4)
    mode, name, error = built.worst()
    assert (
        error
        == max(e for errors in built.errors.values() for e in errors.values())
        == built.errors[mode][name]
    )


@settings(max_examples=25)
@given(seeds, st.one_of(st.none(), st.integers(0, 5)))
def test_growing_leaves_every_old_mode_as_it_was(seed: int, directions: int | None) -> None:
    old = build(adapters(seed, 2), "base")
    new = adapter(seed + 77)
    basis, modes = grow(old.basis, old.modes, new, directions=directions)
    for mode, coefficients in old.modes.items():
        before, after = changes(old.basis, coefficients), changes(basis, modes[mode])
        for name in SHAPES:
            np.testing.assert_allclose(after[name], before[name], atol=1e-5)
            assert basis.modules[name].rank >= old.basis.modules[name].rank
    for name, one in basis.modules.items():
        np.testing.assert_array_equal(one.up[:, : old.basis.modules[name].rank], old.basis.modules[name].up)
    found, errors = project(basis, new)
    if directions is None:
        assert_same(basis, found, new)
    else:
        assert all(errors[n] <= project(old.basis, new)[1][n] + 1e-6 for n in SHAPES)


def test_growing_by_what_is_there_already_takes_no_direction() -> None:
    wanted = adapters(3, 2)
    built = build(wanted, "base", tolerance=0.0)
    basis, _ = grow(built.basis, built.modes, wanted["mode1"])
    assert {n: one.rank for n, one in basis.modules.items()} == {
        n: one.rank for n, one in built.basis.modules.items()
    }


@settings(max_examples=15)
@given(seeds)
def test_a_basis_that_was_rounded_to_half_precision_grows_as_well(seed: int) -> None:
    wanted = adapters(seed, 3)
    built = build({"mode0": wanted["mode0"]}, "base", tolerance=0.0)
    rounded = {
        name: Subspace(*(side.astype(np.float16).astype(np.float32) for side in (one.up, one.down)))
        for name, one in built.basis.modules.items()
    }
    basis, modes = Basis(rounded, "base"), dict(built.modes)
    for mode in ("mode0", "mode1", "mode0", "mode2", "mode1"):
        basis, modes = grow(basis, modes, wanted[mode])
        modes[mode], errors = project(basis, wanted[mode])
        assert max(errors.values()) < 3e-3
    assert all(one.rank == 9 for one in basis.modules.values()), "what was there took no direction"


def test_growing_adds_modules_that_the_basis_lacks() -> None:
    built = build({"a": {"x": change(np.random.default_rng(0), (8, 6), 2)}}, "base")
    basis, modes = grow(built.basis, built.modes, {"y": change(np.random.default_rng(1), (5, 7), 2)})
    assert set(basis.modules) == {"x", "y"}
    assert set(modes["a"].cores) == {"x"}


@settings(max_examples=25)
@given(seeds, st.floats(-2, 2), st.floats(-2, 2))
def test_blends_are_linear(seed: int, one: float, other: float) -> None:
    wanted = adapters(seed, 2)
    built = build(wanted, "base", tolerance=0.0)
    blended = blend([(built.modes["mode0"], one), (built.modes["mode1"], other)])
    made = changes(built.basis, blended)
    for name in SHAPES:
        sum_of_both = one * dense(wanted["mode0"][name]) + other * dense(wanted["mode1"][name])
        np.testing.assert_allclose(made[name], sum_of_both, atol=5e-3)


def test_what_coefficients_change_is_an_adapter_again() -> None:
    wanted = adapters(4, 2)
    built = build(wanted, "base", tolerance=0.0)
    for name, one in reconstructed(built.basis, built.modes["mode1"]).items():
        np.testing.assert_allclose(dense(one), dense(wanted["mode1"][name]), atol=1e-3)


def test_a_seeded_basis_is_the_same_for_the_same_seed_and_for_any_choice_of_modules() -> None:
    first, again, other = (seeded(SHAPES, 5, "base", seed) for seed in (1, 1, 2))
    (name, *_), few = SHAPES, seeded({"blk.0.ffn_down.weight": (24, 40)}, 5, "base", 1)
    np.testing.assert_array_equal(first.modules[name].up, again.modules[name].up)
    np.testing.assert_array_equal(
        first.modules["blk.0.ffn_down.weight"].up, few.modules["blk.0.ffn_down.weight"].up
    )
    assert not np.allclose(first.modules[name].up, other.modules[name].up)


def test_an_adapter_of_another_shape_is_refused_by_name() -> None:
    built = build(adapters(1, 1), "base")
    name = "blk.0.ffn_down.weight"
    strange: Mapping[str, Change] = {name: change(np.random.default_rng(0), (24, 41), 2)}
    for refused in (lambda: project(built.basis, strange), lambda: grow(built.basis, {}, strange)):
        with pytest.raises(BadAdapter, match=rf"{name}: .* 24 × 41, the base has 24 × 40"):
            refused()
    with pytest.raises(BadAdapter, match=r"24 × 40, 24 × 41"):
        build({"a": adapter(1), "b": strange}, "base")


def test_a_module_that_the_basis_lacks_is_an_error_of_one() -> None:
    built = build(adapters(1, 1), "base")
    _, errors = project(built.basis, {"elsewhere": change(np.random.default_rng(0), (3, 3), 1)})
    assert errors == {"elsewhere": 1.0}


def test_an_adapter_that_changes_nothing_is_held_by_anything() -> None:
    nothing = {name: Change(np.zeros((n, 1)), np.zeros((d, 1))) for name, (n, d) in SHAPES.items()}
    built = build({"none": nothing, "some": adapter(1)}, "base")
    assert set(built.errors["none"].values()) == {0.0}
    alone = build({"none": nothing}, "base")
    assert all(one.rank == 0 for one in alone.basis.modules.values())


def test_a_core_is_never_padded_to_less_than_it_is() -> None:
    with pytest.raises(LowRankError, match="size 3 does not fit 2"):
        padded(Core(np.eye(3, dtype=np.float32)), 2)


@settings(max_examples=25)
@given(seeds, st.booleans())
def test_adapters_that_share_one_side_are_held_exactly(seed: int, first: bool) -> None:
    """LoRA-FA trains B alone: the rows of all changes are in the span of one A, their columns are not."""
    rng = np.random.default_rng(seed)
    common = {name: rng.standard_normal((shape[not first], 3)) for name, shape in SHAPES.items()}
    wanted = {
        f"mode{i}": {
            name: Change(*((one, common[name]) if first else (common[name], one)))
            for name, shape in SHAPES.items()
            for one in [rng.standard_normal((shape[first], 3))]
        }
        for i in range(3)
    }
    built = build(wanted, "base", tolerance=0.0)
    for mode, one in wanted.items():
        assert max(built.errors[mode].values()) < 1e-3
        assert_same(built.basis, built.modes[mode], one)
    assert all(one.rank == 9 for one in built.basis.modules.values())


def test_a_subspace_has_no_more_directions_than_a_side_of_the_weight() -> None:
    shapes = {"x": (5, 40)}
    built = build({f"mode{i}": adapter(i, shapes=shapes) for i in range(3)}, "base", tolerance=0.0)
    assert built.basis.modules["x"].rank == 5


def test_a_change_for_which_no_room_is_left_is_refused_and_not_held_by_half() -> None:
    shapes = {"x": (5, 40)}
    built = build({"old": adapter(1, shapes=shapes)}, "base", tolerance=0.0)
    with pytest.raises(BadAdapter, match=r"x: .* 3 of 5 directions .*tui modes compact"):
        grow(built.basis, built.modes, adapter(2, shapes=shapes))
    some, _ = grow(built.basis, built.modes, adapter(2, shapes=shapes), directions=2)
    assert some.modules["x"].rank == 5, "who asks for a number of directions takes what they hold"


def test_a_module_that_does_not_change_has_no_core() -> None:
    shapes = {"x": (8, 6), "y": (5, 7)}
    wanted = {**adapter(1, shapes=shapes), "y": Change(np.zeros((5, 2)), np.ones((7, 2)))}
    basis, _ = grow(Basis({}, "base"), {}, wanted)
    found, errors = project(basis, wanted)
    assert set(found.cores) == {"x"}
    assert errors["y"] == 0.0
    assert set(reconstructed(basis, found)) == {"x"}


def test_a_core_without_directions_is_still_a_pair_of_factors() -> None:
    none = Subspace(np.zeros((5, 0), np.float32), np.zeros((7, 0), np.float32))
    up, down = adapter_factors(none, Core(np.zeros((0, 0), np.float32)))
    assert (up.shape, down.shape) == ((5, 1), (1, 7))
    assert not (up @ down).any()
    one = seeded({"x": (5, 7)}, 2, "base", 0).modules["x"]
    up, down = adapter_factors(one, Core(np.zeros((2, 0), np.float32), np.zeros((2, 0), np.float32)))
    assert (up.shape, down.shape) == ((5, 1), (1, 7))
