"""A mode's numbers are looked at before they are trusted."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from engine.lowrank import Coefficients, Core
from modes.share.change import Change
from modes.share.checking import digest, effective_rank, refusals, spectra, verified
from modes.share.library import Library, Shelved
from modes.share.subspace import build, grow, project, seeded
from tests.modes.share.adapters import SHAPES, adapter, dense

ONES = dict.fromkeys(SHAPES, 1.0)


def test_spectra_are_those_of_the_dense_change() -> None:
    one = adapter(1, rank=3)
    built = build({"one": one}, "base", tolerance=0.0)
    norms = dict.fromkeys(SHAPES, 1e4)
    for found in spectra(built.basis, built.modes["one"], norms):
        values = np.linalg.svd(dense(one[found.module]), compute_uv=False)
        assert found.relative == pytest.approx(np.linalg.norm(values) / 1e4, rel=1e-3)
        assert found.gap == pytest.approx(values[0] / values[1], rel=1e-3)
        assert found.effective_rank == pytest.approx(effective_rank(values[:3]), rel=1e-3)


@pytest.mark.parametrize(("values", "rank"), [([1, 1, 1, 1], 4), ([5], 1), ([1, 0], 1), ([], 0)])
def test_the_effective_rank_counts_directions_of_one_size(values: list[float], rank: int) -> None:
    assert effective_rank(np.array(values, dtype=float)) == pytest.approx(rank)


def test_a_module_that_changes_far_more_than_the_others_stands_out() -> None:
    shapes = {f"blk.{at}.ffn_down.weight": (24, 40) for at in range(6)}
    loud = dict(adapter(1, size=1e-3, shapes=shapes))
    loud["blk.3.ffn_down.weight"] = Change(
        loud["blk.3.ffn_down.weight"].left * 50, loud["blk.3.ffn_down.weight"].right
    )
    built = build({"one": loud}, "base", tolerance=0.0)
    found = spectra(built.basis, built.modes["one"], dict.fromkeys(shapes, 30.0))
    assert [one.module for one in found if one.outlier] == ["blk.3.ffn_down.weight"]


def test_a_change_larger_than_its_weight_and_none_at_all_are_refused() -> None:
    built = build({"one": adapter(1)}, "base", tolerance=0.0)
    assert (
        "times as large as the weight itself" in refusals(spectra(built.basis, built.modes["one"], ONES))[0]
    )
    nothing = Coefficients({name: Core(np.zeros((2, 2), np.float32)) for name in SHAPES})
    found = spectra(seeded(SHAPES, 2, "base", 0), nothing, ONES)
    assert refusals(found) == ["it changes nothing"]
    assert not math.isnan(sum(one.relative for one in found))


def test_growing_and_saving_leave_a_mode_verified_and_changing_it_does_not(tmp_path: Path) -> None:
    built = build({"one": adapter(1)}, "base", tolerance=0.0)
    record = {"digest": digest(built.basis, built.modes["one"])}
    library = Library(tmp_path)
    library.save(Shelved(built.basis, built.modes))
    kept = library.load()
    assert verified(kept.basis, kept.modes["one"], record)
    basis, modes = grow(kept.basis, kept.modes, adapter(2))
    library.save(Shelved(basis, modes))
    grown = library.load()
    assert verified(grown.basis, grown.modes["one"], record)
    assert not verified(grown.basis, project(grown.basis, adapter(2))[0], record)
    assert not verified(grown.basis, grown.modes["one"], None)
