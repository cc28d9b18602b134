"""What ships stands for the steps of the first run, as long as their files tell of the same training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evidence.book import Book
from evidence.cells import cells
from evidence.design import ORDERS, chain
from evidence.files import Site
from evidence.making import Maker
from evidence.shipping import shipped
from modes.share.library import Library, Shelved
from modes.share.subspace import reconstructed
from tui.core.coefficients import SHIPPED
from tui.core.models import starter_model

STEPS = chain("share", 0)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """The project's own results, and nothing that was trained."""
    model = starter_model()
    assert model is not None
    return Book(cells(), Site(model, work=tmp_path))


def test_every_step_of_the_first_run_is_cut_out_of_what_ships(book: Book) -> None:
    library = Library(SHIPPED)
    whole = library.load()
    for at, (name, domain) in enumerate(zip(STEPS, ORDERS[0], strict=True)):
        found = shipped(book, book.cells[name], library)
        assert found is not None
        assert {one.rank for one in found.basis.modules.values()} == {16 + 4 * at}
        assert list(found.modes)[-1] == domain and len(found.modes) == at + 1
        for mode, coefficients in found.modes.items():
            here = reconstructed(found.basis, coefficients)
            there = reconstructed(whole.basis, whole.modes[mode])
            for module in ("blk.0.ffn_down.weight", "blk.29.attn_output.weight"):
                np.testing.assert_allclose(
                    here[module].left @ here[module].right.T,
                    there[module].left @ there[module].right.T,
                    atol=1e-6,
                )


def test_making_a_step_takes_what_ships_and_trains_nothing(book: Book) -> None:
    def trained(_cell: str, _standing: object) -> bool:
        raise AssertionError

    cell = book.cells[STEPS[1]]
    Maker(book, trained).make(cell)
    assert list(book.library(cell).load().modes) == ["cherokee", "legal"]


def test_other_training_than_the_one_that_was_measured_is_not_taken(book: Book, tmp_path: Path) -> None:
    whole = Library(SHIPPED).load()
    trained = dict(whole.notes["trained"])
    trained["legal"] = {**trained["legal"], "data": "another"}
    other = Library(tmp_path / "other")
    other.save(Shelved(whole.basis, whole.modes, {"trained": trained}))
    assert shipped(book, book.cells[STEPS[-1]], other) is None


def test_without_results_or_a_library_there_is_nothing_to_take(book: Book, tmp_path: Path) -> None:
    unmeasured = Book(cells(), Site(book.site.model, tmp_path, work=tmp_path))
    assert shipped(unmeasured, book.cells[STEPS[0]], Library(SHIPPED)) is None
    assert shipped(book, book.cells[STEPS[0]], Library(tmp_path)) is None
    assert shipped(book, book.cells["core-s0-coding"], Library(SHIPPED)) is None
