"""Asking, stopped and gone on with. The majority answer needs no model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evidence.book import Book
from evidence.cell import COUNTS, TUNING_SALT, Ask
from evidence.cells import cells, shrunk
from evidence.design import DOMAINS
from evidence.items import items_digest, items_of
from evidence.scoring import Stopped, score
from modes.evaluation.domains import domain
from modes.evaluation.overlap import overlaps
from tests.evidence.made import site


def for_a_while(answers: int) -> Callable[[], bool]:
    """True so many times."""
    left = [answers]

    def going_on() -> bool:
        left[0] -= 1
        return left[0] >= 0

    return going_on


def unheard(_text: str) -> None:
    """Say nothing."""


def test_asking_that_was_stopped_goes_on_with_what_is_left(tmp_path: Path) -> None:
    of = Book(shrunk(cells(), steps=2, items=3), site(tmp_path))
    cell = of.cells["majority"]
    said: list[str] = []
    with pytest.raises(Stopped):
        score(of, cell, said.append, for_a_while(7))
    kept = of.site.scoring("majority") / "outcomes.jsonl"
    assert len(kept.read_text().splitlines()) == 7
    assert not of.site.result("majority").exists()

    left = sum(ask.count for ask in cell.asks) - 7
    result = score(of, cell, said.append, for_a_while(left))

    assert Book(of.cells.values(), of.site).is_done(cell)
    assert not kept.exists()
    assert {len(one["correct"]) for one in result["asked"]} == {3}
    assert "training" not in result
    assert result["command"] == "python -m evidence --only majority"


def test_what_another_list_of_cells_has_asked_is_not_gone_on_with(tmp_path: Path) -> None:
    small, smaller = (Book(shrunk(cells(), 2, items), site(tmp_path)) for items in (3, 2))
    with pytest.raises(Stopped):
        score(small, small.cells["majority"], unheard, for_a_while(2))
    result = score(smaller, smaller.cells["majority"], unheard, lambda: True)
    assert {one["n"] for one in result["asked"]} == {2}


def test_fewer_items_are_the_first_of_all() -> None:
    some, every = (items_of(Ask("reasoning", "", "T1", count)) for count in (200, 500))
    assert (len(some), len(every)) == (200, 500)
    assert every[:200] == some
    assert items_digest(some) != items_digest(every)


@pytest.mark.parametrize("name", DOMAINS)
def test_no_item_to_tune_on_asks_what_the_test_asks(name: str) -> None:
    tuned, asked = (items_of(Ask(name, "", "T1", 500, salt=salt)) for salt in (TUNING_SALT, ""))
    assert len(tuned) >= 40
    assert not {one.prompt for one in tuned} & {one.prompt for one in asked}


def test_items_of_a_topic_are_of_no_other() -> None:
    found = items_of(Ask("legal", "", "T1", 40, topic="codes"))
    assert len(found) == 40
    assert {one.topic for one in found} == {"codes"}


@pytest.mark.parametrize("name", DOMAINS)
def test_a_question_to_be_answered_in_writing_has_one_line_to_write_and_no_options(name: str) -> None:
    options = {one.id: one for one in items_of(Ask(name, name, "T1", 500))}
    found = items_of(Ask(name, name, "T1", 200, prompted=True, kind="exact"))
    assert len(found) == 200
    for one in found:
        choice = options[one.id]
        assert (one.kind, one.choices, one.prompt, one.fact) == ("exact", (), choice.prompt, choice.fact)
        assert one.accepted == (choice.choices[choice.gold],)
        assert "\n" not in one.accepted[0]


def test_no_item_is_put_that_was_seen_in_training() -> None:
    for name in DOMAINS:
        examples = domain(name).examples("")
        for split, count in COUNTS.items():
            assert not overlaps(examples, items_of(Ask(name, "", split, count)))
