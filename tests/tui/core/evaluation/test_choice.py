"""Which modes are asked, where none is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modes.catalog import Catalog
from tui.core.evaluation.choice import QUICK, Choice, chosen

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
