"""What is known of the cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evidence import tries
from evidence.book import Book, Waiting
from evidence.cells import cells
from evidence.costs import Costs
from evidence.files import read_result, write_result
from evidence.tries import named
from modes.share.library import Shelved
from modes.share.subspace import seeded
from tests.evidence.made import book, fill, first, rated, site


def tuned(of: Book, name: str, loss: float) -> None:
    fill(of, of.cells[name], lambda _ask, _at: True, loss=loss)


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    of = rated(book(tmp_path))
    written = fill(of, of.cells["wrong-s0"], lambda _ask, at: at % 3 == 0, {"basis": 8, "total": 8})
    assert read_result(of.site, "wrong-s0") == {"schema": 1, **written}
    assert of.state(of.cells["wrong-s0"]) == "done"
    assert {path.suffix for path in of.site.results.iterdir()} == {".json"}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": 99}', b"\xff"])
def test_a_damaged_result_is_none(tmp_path: Path, content: bytes) -> None:
    of = book(tmp_path)
    of.site.results.mkdir(parents=True)
    of.site.result("base").write_bytes(content)
    assert of.state(of.cells["base"]) == "missing"


def test_the_first_mode_of_what_is_learned_in_turn_is_the_domains_own_adapter(tmp_path: Path) -> None:
    of = book(tmp_path)
    assert of.cells["share-s0-2-legal"].before == ("own-s0-cherokee",)
    assert of.cells["sequence-s0-2-legal"].before == ("own-s0-cherokee",)


def test_single_lessons_and_what_tunes_them_begin_with_the_same_adapter_whatever_a_run_begins_with(
    tmp_path: Path,
) -> None:
    of = book(tmp_path)
    tuned_first = [*tries.core(), *tries.share(), *tries.sequence()]
    grown = [of.cells[name] for name in ("core-s0-coding", "core-s0-reasoning", "phi-s0-4-coding")]
    assert {cell.before for cell in (*tuned_first, *grown)} == {("own-s0-legal",)}
    assert {ask.domain for cell in tries.sequence() for ask in cell.asks} == {"legal", "coding"}


def test_cells_that_make_the_same_share_it(tmp_path: Path) -> None:
    of = rated(book(tmp_path))
    for name in named(tries.random()):
        tuned(of, name, loss=0.5 if name == "tune-random-0.015" else 0.6)
    assert of.made_key(of.cells["random-s0-k16-coding"]) == of.made_key(of.cells["tune-random-0.015"])
    assert of.made_key(of.cells["random-s0-k32-coding"]) != of.made_key(of.cells["tune-random-0.015"])
    assert of.made_key(of.cells["wrong-s0"]) == of.made_key(of.cells["share-s0-4-reasoning"])


def test_what_is_tuned_takes_the_best_setting_and_waits_until_all_were_tried(tmp_path: Path) -> None:
    of = book(tmp_path)
    cell = of.cells["equal-s1-legal"]
    *most, last = tries.equal()
    for at, one in enumerate(most):
        tuned(of, one.name, loss=0.5 - at / 10)
    with pytest.raises(Waiting):
        of.settled(cell)
    tuned(of, last.name, loss=0.1)
    again = Book(cells(), of.site)
    assert again.settled(cell).settings == {**last.settings, "steps": 400, "directions": 7}


def test_the_lowest_loss_is_taken_and_of_equal_ones_the_lowest_rate(tmp_path: Path) -> None:
    of = book(tmp_path)
    for name, loss in zip(named(tries.own()), (0.3, 0.2, 0.2, 0.201), strict=True):
        tuned(of, name, loss=loss)
    assert of.settled(of.cells["own-s0-legal"]).settings["rate"] == tries.own()[1].settings["rate"]


def test_of_right_answers_one_more_decides(tmp_path: Path) -> None:
    of = rated(book(tmp_path))
    for at, name in enumerate(named(tries.merge("linear"))):
        fill(of, of.cells[name], first(at + 1))
    assert of.settled(of.cells["linear-s0"]).settings == {"weight": 1.0}


def test_the_settings_of_a_method_are_tried_from_the_lowest_rate_on() -> None:
    for tried in (
        tries.core(), tries.random(), tries.share(), tries.own(), tries.equal(), tries.sequence()
    ):  # fmt: skip
        rates = [cell.settings[cell.tries[-1]] for cell in tried]
        assert rates == sorted(set(rates))
        assert len(rates) <= 4


def test_what_is_asked_in_items_to_tune_on_is_judged_by_them(tmp_path: Path) -> None:
    of = rated(book(tmp_path))
    for at, name in enumerate(named(tries.merge("linear"))):
        fill(of, of.cells[name], first(10 * (at % 3)), loss=float(at))
    assert of.settled(of.cells["linear-s0"]).settings == {"weight": 0.75}


def test_a_changed_setting_makes_a_cell_outdated_and_all_that_begin_with_it(tmp_path: Path) -> None:
    of = rated(book(tmp_path))
    for name in ("own-s0-cherokee", "share-s0-2-legal", "own-s0-coding"):
        fill(of, of.cells[name], lambda _ask, _at: True)
    changed = [
        replace(one, settings={**one.settings, "steps": 9}) if one.name == "own-s0-cherokee" else one
        for one in cells()
    ]
    now = Book(changed, site(tmp_path))
    states = {
        name: now.state(now.cells[name]) for name in ("own-s0-cherokee", "share-s0-2-legal", "own-s0-coding")
    }
    assert states == {"own-s0-cherokee": "outdated", "share-s0-2-legal": "outdated", "own-s0-coding": "done"}


def test_a_cell_that_is_made_has_only_to_be_scored_though_there_is_an_older_result(tmp_path: Path) -> None:
    before, cell = rated(book(tmp_path)), "own-s0-legal"
    fill(before, before.cells[cell], lambda _ask, _at: True)
    settings = {**before.cells[cell].settings, "steps": 9}
    changed = [replace(one, settings=settings) if one.name == cell else one for one in cells()]
    now = Book(changed, before.site)
    assert now.state(now.cells[cell]) == "outdated"
    now.library(now.cells[cell]).save(Shelved(seeded({"blk.0.attn_output": (4, 4)}, 2, "base", 0), {}))
    assert now.state(now.cells[cell]) == "made"
    assert Costs(now).of(now.cells[cell]).made == 0.0


def test_writing_a_result_replaces_the_file_in_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = book(tmp_path)
    fill(of, of.cells["base"], lambda _ask, _at: True)
    before = of.site.result("base").read_bytes()

    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_result(of.site, {"cell": "base"})
    assert of.site.result("base").read_bytes() == before
    assert [path.name for path in of.site.results.iterdir()] == ["base.json"]
