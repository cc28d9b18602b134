"""Which modes are asked, where none is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modes.catalog import Catalog
from modes.evaluation.domains import NAMES
from modes.share.library import Library
from tui.core.coefficients import SHIPPED
from tui.core.evaluation.choice import FULL, QUICK, Choice, Size, chosen

Written = Callable[[str], str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A test set of the operator's with that name."""

    def write(name: str) -> str:
        path = tmp_path / f"{name}.jsonl"
        path.write_text('{"prompt": "Which river?", "choices": ["Rhine", "Elbe"], "answer": "Elbe"}\n')
        return str(path)

    return write


def asked_at_home(choice: Choice) -> dict[str, list[str]]:
    return {subject.name: choice.at_home(subject) for subject in choice.subjects}


def test_a_domain_is_asked_of_the_modes_that_have_it() -> None:
    found = chosen(Catalog.load(None), QUICK.of(2), ["legal"], None)
    assert list(found.modes) == ["legal"]
    assert asked_at_home(found) == {"legal": ["legal"]}


def test_a_test_set_that_no_mode_has_is_asked_of_all(written: Written) -> None:
    catalog = Catalog.load(None)
    every = [name for name in catalog.modes if name != "base"]
    found = chosen(catalog, QUICK.of(2), [written("rivers"), "legal"], None)
    assert len(every) > 3
    assert asked_at_home(found) == {"rivers": every, "legal": ["legal"]}


def test_a_test_set_that_bears_the_name_of_a_mode_is_asked_of_that_mode_alone(written: Written) -> None:
    found = chosen(Catalog.load(None), QUICK.of(2), [written("vision")], None)
    assert asked_at_home(found) == {"vision": ["vision"]}


def test_modes_that_are_named_are_asked_whatever_they_are_at_home_in(written: Written) -> None:
    found = chosen(Catalog.load(None), QUICK.of(2), [written("rivers")], ["vision"])
    assert asked_at_home(found) == {"rivers": ["vision"]}


def items_of(name: str, size: Size) -> list[str]:
    (subject,) = chosen(Catalog.load(None), size, [name], None).subjects
    return [item.id for item in subject.items]


@pytest.mark.parametrize("name", NAMES)
def test_the_items_of_a_quick_run_begin_those_of_a_full_one_and_these_those_of_a_larger(name: str) -> None:
    quick, full, larger = (items_of(name, size) for size in (QUICK, FULL, FULL.of(600)))
    assert len(quick) in (QUICK.own, QUICK.general)
    assert quick == full[: len(quick)]
    assert full == larger[: len(full)]
    assert len(set(larger)) == len(larger)


def test_what_the_shipped_notes_keep_of_then_are_items_that_a_quick_run_asks() -> None:
    scores = Library(SHIPPED).load().notes["scores"]
    assert "reasoning" in scores
    for name, noted in scores.items():
        assert set(items_of(name, QUICK)) <= set(noted["items"])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "general"])
@pytest.mark.parametrize("size", [QUICK, FULL], ids=lambda size: size.name)
def test_no_fresh_item_repeats_a_fixed_question(name: str, size: Size) -> None:
    (subject,) = chosen(Catalog.load(None), size, [name], None).freshened("a salt").subjects
    assert not {item.prompt for item in subject.fresh} & {item.prompt for item in subject.items}
    assert len({item.fact for item in subject.fresh}) >= 5
    assert len(subject.fresh) == size.fresh if size is QUICK else len(subject.fresh) <= size.fresh


def test_where_every_question_is_among_the_fixed_ones_there_are_no_fresh_ones() -> None:
    (subject,) = chosen(Catalog.load(None), FULL.of(1000), ["coding"], None).freshened("a salt").subjects
    assert len(subject.items) == 550
    assert subject.fresh == ()


def test_fresh_items_of_fewer_facts_than_tell_anything_are_not_asked() -> None:
    (subject,) = chosen(Catalog.load(None), QUICK.of(4), ["legal"], None).freshened("a salt").subjects
    assert [len(subject.items), subject.fresh] == [4, ()]
