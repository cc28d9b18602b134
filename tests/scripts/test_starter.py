"""``make starter``: what the evidence has learned is shipped whole, or not at all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evidence.book import Book
from evidence.cells import cells, shrunk
from evidence.design import chain
from evidence.files import Site
from evidence.making import Maker
from modes.share.checking import digest
from modes.share.library import Library
from scripts import starter
from tests.evidence.made import rated
from tui.core.coefficients import SHIPPED
from tui.core.models import starter_model

pytestmark = pytest.mark.model

NAMES = chain("share", 0)[:2]


@pytest.fixture
def learned(tmp_path: Path) -> Book:
    """The first two steps of the first run, of one training step each."""
    model = starter_model()
    assert model is not None
    site = Site(model, tmp_path / "results", tmp_path / "results.md", tmp_path / "work")
    book = rated(Book(shrunk(cells(), 1, 1), site))
    Maker(book, lambda _name, _standing: True).make(book.cells[NAMES[-1]])
    return book


def test_what_was_learned_is_shipped_in_place_of_what_was(
    learned: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = Library(tmp_path / "shipped")
    starter.ship(learned, NAMES, shipped)
    first = shipped.load()
    assert list(first.modes) == ["cherokee", "legal"]
    assert {one.rank for one in first.basis.modules.values()} == {20}
    assert first.notes["trained"]["legal"]["plan"]["directions"] == 4
    assert first.notes["verified"]["legal"]["digest"] == digest(first.basis, first.modes["legal"])
    assert "v1, cherokee, legal, " in capsys.readouterr().out

    starter.ship(learned, NAMES, shipped)
    assert shipped.versions() == ("v2",)

    monkeypatch.setattr(starter, "MOST", 1000)
    with pytest.raises(SystemExit, match="bytes are more than the 1,000"):
        starter.ship(learned, NAMES, shipped)
    assert shipped.current() == "v2"


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="coding asks about the Python that runs")
def test_what_is_shipped_was_learned_on_the_data_that_are_here_today() -> None:
    from evidence.making import samples_of
    from modes.training.data import digest as data_digest

    trained = Library(SHIPPED).load().notes["trained"]
    assert {domain: record["data"] for domain, record in trained.items()} == {
        domain: data_digest(samples_of(domain)) for domain in trained
    }
