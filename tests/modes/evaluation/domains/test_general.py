"""The guard: certain questions, texts that are there, and nothing to train on."""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from pathlib import Path

import pytest

from modes.evaluation.domains import general, general_texts
from modes.evaluation.domains.general_questions import QUESTIONS
from modes.evaluation.domains.making import DomainError
from tests.modes.evaluation.domains import claims, honesty

DOMAIN = general.DOMAIN


def test_there_is_nothing_to_train_on() -> None:
    assert DOMAIN.examples("") == []


def test_there_is_enough_to_ask() -> None:
    items = DOMAIN.items("T1", honesty.MANY, "")
    kinds = Counter(item.kind for item in items)
    assert kinds["choice"] >= 150
    assert kinds["text"] >= 300
    assert Counter(item.kind for item in items[:100]) == {"choice": 50, "text": 50}
    assert set(DOMAIN.topics) == {item.topic for item in items}
    assert len(DOMAIN.items("T4", 100, "")) == 100


def test_nothing_is_held_out_of_what_is_never_trained() -> None:
    assert DOMAIN.items("T2", 100, "") == DOMAIN.items("T3", 100, "") == []


@pytest.mark.parametrize("split", ["T1", "T4"])
def test_the_right_answer_stands_everywhere_equally_often(split: str) -> None:
    honesty.check_gold_is_everywhere_equally(DOMAIN, split)  # type: ignore[arg-type]


def test_ids_are_unique() -> None:
    honesty.check_ids_are_unique(DOMAIN)


def test_items_are_the_same_in_another_process() -> None:
    claims.assert_the_same_in_a_fresh_process(DOMAIN)


def test_another_salt_makes_other_items_of_the_same_questions() -> None:
    one, other = ([item for item in DOMAIN.items("T1", 1000, salt) if item.kind == "choice"] for salt in "ab")
    assert {item.prompt for item in one} == {item.prompt for item in other}
    assert len({item.id for item in one} & {item.id for item in other}) < len(one) / 2


def test_the_gold_answer_is_the_one_that_is_written_down_and_no_other_option_is() -> None:
    written = {
        question.format(about): answer
        for question, known in QUESTIONS.values()
        for about, answer in known.items()
    }
    assert len(written) == sum(len(known) for _, known in QUESTIONS.values())
    for item in DOMAIN.items("T1", 1000, ""):
        if item.kind == "choice":
            assert item.choices[item.gold] == written[item.prompt]
            assert item.choices.count(written[item.prompt]) == 1


def test_passages_are_short_enough_and_whole_paragraphs() -> None:
    found = [item for item in DOMAIN.items("T1", 1000, "") if item.kind == "text"]
    assert max(len(item.prompt) for item in found) <= 1500
    assert min(len(item.prompt) for item in found) >= 120
    assert {item.topic for item in found} == {"prose", "python-docs", "docstrings"}


def test_a_paragraph_that_is_too_long_is_cut_at_a_line_end_and_nothing_is_lost() -> None:
    lines = [f"line {number} of a very long paragraph" for number in range(200)]
    cut = list(general_texts.passages("\n".join(lines)))
    assert "\n".join(cut).split("\n") == lines
    assert all(len(passage) <= 1500 for passage in cut)


def test_prose_is_one_line_each() -> None:
    assert all("\n" not in text and 350 < len(text) < 500 for _, text in general_texts.prose())


def test_without_help_texts_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(DomainError, match="help texts are not here"):
        DOMAIN.items("T1", 10, "")


def test_a_module_that_cannot_be_imported_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tkinter")
    imported = list(general_texts.docstrings())
    assert "turtle" in {name for name, _ in imported}
    monkeypatch.delitem(sys.modules, "turtle", raising=False)
    monkeypatch.setitem(sys.modules, "tkinter", None)
    assert list(general_texts.docstrings()) == imported


def test_without_a_module_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "turtle", None)
    monkeypatch.setattr(inspect, "__file__", str(tmp_path / "inspect.py"))
    with pytest.raises(DomainError, match=r"modules are not here .*turtle\.py"):
        DOMAIN.items("T1", 10, "")
