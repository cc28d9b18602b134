"""What is made of what others have made, without any training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.memo import remember
from evidence.book import Book
from evidence.cell import MERGED
from evidence.cells import cells
from evidence.design import DOMAINS, chain, own_name
from evidence.files import Site
from evidence.making import Maker, samples_of
from modes.evaluation import domains
from modes.share.change import Adapter, Change
from modes.share.library import Shelved
from modes.share.subspace import build, reconstructed
from tests.evidence.made import rated

SHAPES = {"blk.0.attn_output.weight": (24, 20), "blk.0.ffn_down.weight": (24, 40)}


def adapter(seed: int, rank: int = 2) -> Adapter:
    rng = np.random.default_rng(seed)
    return {
        name: Change(rng.standard_normal((n, rank)), rng.standard_normal((d, rank)))
        for name, (n, d) in SHAPES.items()
    }


@pytest.fixture
def made(tmp_path: Path) -> Book:
    """Own adapters of every domain, and the subspace of all four, made by hand."""
    model = tmp_path / "base.gguf"
    model.touch()
    site = Site(model, tmp_path / "results", tmp_path / "results.md", tmp_path / "work")
    remember(model, "the base", site.memo)
    of = rated(Book(cells(), site))
    adapters = {domain: adapter(seed) for seed, domain in enumerate(DOMAINS)}
    for domain, one in adapters.items():
        built = build({domain: one}, "the base", tolerance=0.0)
        of.library(of.cells[own_name(0, domain)]).save(Shelved(built.basis, built.modes), "f32")
    built = build(adapters, "the base", tolerance=0.0)
    for name in chain("share", 0)[1:]:
        of.library(of.cells[name]).save(Shelved(built.basis, built.modes), "f32")
    return of


def make(of: Book, name: str) -> Shelved:
    cell = of.cells[name]
    Maker(of, lambda _cell, _standing: True).make(cell)
    return of.library(cell).load()


def dense(found: Shelved, mode: str) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    return {
        name: one.left @ one.right.T for name, one in reconstructed(found.basis, found.modes[mode]).items()
    }


def test_a_compacted_subspace_has_the_same_modes_in_fewer_directions(made: Book) -> None:
    found = make(made, "compact-s0-k4")
    assert set(found.modes) == set(DOMAINS)
    assert {one.rank for one in found.basis.modules.values()} == {4}
    assert all(0 < error < 1 for error in found.notes["errors"].values())
    whole = make(made, "compact-s0-k24")
    assert {one.rank for one in whole.basis.modules.values()} == {8}
    assert max(whole.notes["errors"].values()) < 1e-3


def test_random_coefficients_are_as_large_as_those_that_were_learned(made: Book) -> None:
    learned = made.library(made.cells["share-s0-4-reasoning"]).load()
    found = make(made, "coefficients-s0")
    for mode in DOMAINS:
        for name, core in found.modes[mode].cores.items():
            other = learned.modes[mode].cores[name].dense()
            assert np.linalg.norm(core.dense()) == pytest.approx(np.linalg.norm(other), rel=1e-2)
            assert np.abs(core.dense() - other).max() > 0.1


def test_another_domains_mode_makes_nothing_and_asks_what_is_there(made: Book) -> None:
    assert list(make(made, "wrong-s0").modes) == list(DOMAINS)


def test_a_weighted_sum_of_adapters_is_the_sum_of_their_changes(made: Book) -> None:
    found = dense(make(made, "tune-linear-0.5"), MERGED)
    for name, change in found.items():
        wanted = sum(0.5 * (one[name].left @ one[name].right.T) for one in map(adapter, range(4)))
        np.testing.assert_allclose(change, wanted, atol=2e-2)


@pytest.mark.parametrize("name", ["tune-ties-0.2-0.5", "tune-dare-0.5-0.25"])
def test_adapters_are_merged_into_one_of_as_many_directions_as_they_have_together(
    made: Book, name: str
) -> None:
    found = make(made, name)
    assert list(found.modes) == [MERGED]
    assert max(one.rank for one in found.basis.modules.values()) <= 8
    assert 0 <= found.notes["error"] < 1


def test_what_is_there_is_not_made_again(made: Book) -> None:
    make(made, "compact-s0-k8")
    make(made, "compact-s0-k8")
    assert made.library(made.cells["compact-s0-k8"]).versions() == ("v1",)


def test_a_lesson_of_few_wordings_tells_every_fact_in_no_more() -> None:
    whole, few = samples_of("coding"), samples_of("coding", wordings=1)
    facts = {one.fact for one in domains.domain("coding").examples("")}
    assert len(few) == 2 * len(facts), "once as it is, once under the mode's prompt"
    assert len(few) < len(whole) / 3
    assert {one.answer for one in few} == {one.answer for one in whole}
