"""Veterans' law: enough of it, nothing trained that is asked, and what is asked has one right answer."""

from __future__ import annotations

import pytest

from modes.evaluation.domains import domain, legal
from modes.evaluation.item import SPLITS
from tests.modes.evaluation.domains import claims

TOPICS = [
    legal.SECTIONS,
    legal.STATUTES,
    legal.CODES,
    legal.PERIODS,
    legal.DATES,
    legal.THRESHOLDS,
    legal.PRESUMPTIONS,
]


def test_it_is_found_by_its_name() -> None:
    assert domain("legal") is legal.DOMAIN


def test_there_is_enough_to_resolve_five_points() -> None:
    assert len(legal.DOMAIN.items("T1", 500, "")) == 500
    assert all(len(legal.DOMAIN.items(split, 100, "")) == 100 for split in SPLITS)
    assert 350 <= len(legal.DOMAIN.examples("")) <= 500
    assert {e.topic for e in legal.DOMAIN.examples("")} == set(legal.DOMAIN.topics)
    assert {item.topic for item in legal.DOMAIN.items("T1", 500, "")} == set(legal.DOMAIN.topics)


def test_questions_and_answers_are_short() -> None:
    for example in legal.DOMAIN.examples(""):
        assert len(example.prompt) <= 80
        assert len(example.answer) <= 40


@pytest.mark.parametrize("salt", ["", "fresh"])
def test_no_item_was_trained(salt: str) -> None:
    claims.assert_no_item_was_trained(legal.DOMAIN, salt)


def test_held_out_facts_are_nowhere_in_the_examples() -> None:
    claims.assert_held_out_facts_are_nowhere_in_the_examples(legal.DOMAIN, TOPICS)


@pytest.mark.parametrize("salt", ["", "fresh"])
def test_items_are_whole_and_gold_is_balanced(salt: str) -> None:
    claims.assert_items_are_whole(legal.DOMAIN, salt)
    claims.assert_gold_is_balanced(legal.DOMAIN, salt)


def test_one_option_is_right() -> None:
    claims.assert_one_option_is_right(legal.DOMAIN, TOPICS)


def test_a_condition_on_two_lists_is_never_asked_to_choose_between_them() -> None:
    cancer = [item for item in claims.everything(legal.DOMAIN) if item.fact.endswith("/bone cancer")]
    assert cancer
    assert not any("chronic" in " ".join(i.choices) or "Gulf" in " ".join(i.choices) for i in cancer)


def test_the_same_in_a_fresh_process_and_other_with_another_salt() -> None:
    claims.assert_the_same_in_a_fresh_process(legal.DOMAIN)
    first, second = ({item.id for item in legal.DOMAIN.items("T4", 200, salt)} for salt in ("a", "b"))
    assert len(first & second) < 20


def test_what_is_trained_does_not_depend_on_the_salt() -> None:
    first, second = (set(legal.DOMAIN.examples(salt)) for salt in ("a", "b"))
    assert first == second
