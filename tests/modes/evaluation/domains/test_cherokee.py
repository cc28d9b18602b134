"""Cherokee names and letters: short, the same everywhere, nothing trained that is asked."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from modes.evaluation.domains import cherokee, domain
from modes.evaluation.domains.making import DomainError, folded
from modes.evaluation.item import SPLITS
from tests.modes.evaluation.domains import claims

TOPICS = [cherokee.topic(name, *size) for name, size in cherokee.SIZES.items()]


def is_cherokee(text: str) -> bool:
    return all(unicodedata.name(letter, "").startswith("CHEROKEE LETTER ") for letter in text)


def test_it_is_found_by_its_name() -> None:
    assert domain("cherokee") is cherokee.DOMAIN


def test_there_is_enough_to_resolve_five_points() -> None:
    assert len(cherokee.DOMAIN.items("T1", 500, "")) == 500
    assert all(len(cherokee.DOMAIN.items(split, 100, "")) == 100 for split in SPLITS)
    assert 350 <= len(cherokee.DOMAIN.examples("")) <= 450
    assert [len(topic.facts) for topic in TOPICS] == [sum(size) for size in cherokee.SIZES.values()]


def test_every_topic_is_asked_in_every_split() -> None:
    for split in SPLITS:
        assert {item.topic for item in cherokee.DOMAIN.items(split, 200, "")} == set(cherokee.DOMAIN.topics)


def test_questions_and_answers_are_short() -> None:
    for example in cherokee.DOMAIN.examples(""):
        assert len(example.prompt.encode()) <= 60
        assert len(example.answer.encode()) <= 15


def test_some_names_and_letters_are_those_known() -> None:
    assert ("ga", "Ꭶ") in cherokee.letters()
    assert ("tla", "Ꮭ") in cherokee.letters()
    assert ("Canada", "ᎨᎾᏓ") in cherokee.names("territories")
    assert ("German", "ᏙᎢᏥ") in cherokee.names("languages")


def test_names_are_of_the_syllabary_and_stay_there_when_compared() -> None:
    for topic in TOPICS:
        for fact in topic.facts:
            assert is_cherokee(fact.answer)
            assert folded(fact.answer) == fact.answer
            assert fact.asked.isascii()


def test_no_name_has_two_meanings() -> None:
    facts = [fact for topic in TOPICS for fact in topic.facts]
    assert len({folded(fact.asked) for fact in facts}) == len({fact.answer for fact in facts}) == len(facts)


def test_options_of_a_question_are_of_one_script() -> None:
    for item in cherokee.DOMAIN.items("T1", 1000, ""):
        assert len({is_cherokee(choice) for choice in item.choices}) == 1


@pytest.mark.parametrize("salt", ["", "fresh"])
def test_no_item_was_trained(salt: str) -> None:
    claims.assert_no_item_was_trained(cherokee.DOMAIN, salt)


def test_held_out_facts_are_nowhere_in_the_examples() -> None:
    claims.assert_held_out_facts_are_nowhere_in_the_examples(cherokee.DOMAIN, TOPICS)


@pytest.mark.parametrize("salt", ["", "fresh"])
def test_items_are_whole_and_gold_is_balanced(salt: str) -> None:
    claims.assert_items_are_whole(cherokee.DOMAIN, salt)
    claims.assert_gold_is_balanced(cherokee.DOMAIN, salt)


def test_one_option_is_right() -> None:
    claims.assert_one_option_is_right(cherokee.DOMAIN, TOPICS)


def test_the_same_in_a_fresh_process_and_other_with_another_salt() -> None:
    claims.assert_the_same_in_a_fresh_process(cherokee.DOMAIN)
    first, second = ({item.id for item in cherokee.DOMAIN.items("T4", 200, salt)} for salt in ("a", "b"))
    assert len(first & second) < 20


def test_without_babel_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "babel", None)
    for cached in (cherokee.topic, cherokee._locales):
        cached.cache_clear()
    with pytest.raises(DomainError, match=r"pip install 'modeshare\[evaluation\]'"):
        cherokee.DOMAIN.items("T1", 10, "")
