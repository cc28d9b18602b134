"""Reasoning questions: one right answer each, nothing to be gained by guessing, none of them trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from modes.evaluation.domains import reasoning
from modes.evaluation.domains.reasoning_words import RESERVED, TRAINED
from modes.evaluation.item import SPLITS, Item, Split
from tests.modes.evaluation.domains import claims, honesty
from tests.modes.evaluation.domains.solver import SOLVERS

DOMAIN = reasoning.DOMAIN
COUNT = 2000
ITEMS = {split: DOMAIN.items(split, COUNT, "") for split in SPLITS}


def template(item: Item) -> str:
    return item.fact.split(":")[0]


def first_mentioned(item: Item) -> int:
    places = [item.prompt.find(choice) for choice in item.choices]
    return places.index(min(places))


def last_mentioned(item: Item) -> int:
    places = [item.prompt.rfind(choice) for choice in item.choices]
    return places.index(max(places))


def most_frequent(item: Item) -> int:
    times = [item.prompt.count(choice) for choice in item.choices]
    return times.index(max(times))


def least_frequent(item: Item) -> int:
    times = [item.prompt.count(choice) for choice in item.choices]
    return times.index(min(times))


def greatest(item: Item) -> int:
    return item.choices.index(max(item.choices))


def middle(item: Item) -> int:
    return item.choices.index(sorted(item.choices)[1])


def first_option(item: Item) -> int:
    del item
    return 0


def longest(item: Item) -> int:
    return item.choices.index(max(item.choices, key=len))


HEURISTICS = (
    *(first_mentioned, last_mentioned, most_frequent, least_frequent),
    *(greatest, middle, first_option, longest),
)


def test_there_is_enough_to_learn_and_to_ask() -> None:
    examples = DOMAIN.examples("")
    assert len(examples) == len({example.prompt for example in examples}) == 1980
    assert Counter(example.topic for example in examples) == dict.fromkeys(DOMAIN.topics, 396)
    assert len(DOMAIN.items("T1", 500, "")) == 500
    assert all(len(DOMAIN.items(split, 100, "")) == 100 for split in SPLITS)
    shares = Counter(item.topic for item in DOMAIN.items("T1", 500, ""))
    assert set(shares) == set(DOMAIN.topics)
    assert max(shares.values()) - min(shares.values()) <= 4


def test_prompts_and_answers_are_short() -> None:
    assert max(len(example.prompt) for example in DOMAIN.examples("")) <= 100
    assert max(len(example.answer) for example in DOMAIN.examples("")) <= 10


def test_no_question_was_trained() -> None:
    for salt in ("", "fresh"):
        claims.assert_no_item_was_trained(DOMAIN, salt)


def test_no_held_out_fact_was_trained() -> None:
    honesty.check_held_out_facts_are_never_trained(DOMAIN, COUNT)


def test_held_out_templates_are_not_the_trained_ones() -> None:
    trained = {template(item) for item in ITEMS["T1"]}
    assert len(trained) == 11
    assert trained == {template(item) for item in ITEMS["T4"]}
    assert trained == {example.fact.split(":")[0] for example in DOMAIN.examples("")}
    assert not trained & {template(item) for item in ITEMS["T3"]}
    assert len({template(item) for item in ITEMS["T3"]}) == 10


@pytest.mark.parametrize("split", SPLITS)
def test_the_right_answer_stands_everywhere_equally_often(split: Split) -> None:
    honesty.check_gold_is_everywhere_equally(DOMAIN, split)


def test_ids_are_unique() -> None:
    honesty.check_ids_are_unique(DOMAIN, COUNT)


def test_items_are_the_same_in_another_process() -> None:
    claims.assert_the_same_in_a_fresh_process(DOMAIN)


@pytest.mark.parametrize("split", SPLITS)
def test_another_salt_makes_other_questions(split: Split) -> None:
    one, other = ({item.prompt for item in DOMAIN.items(split, 100, salt)} for salt in "ab")
    assert len(one & other) <= 30


@pytest.mark.parametrize("split", ["T1", "T3", "T4"])
def test_reading_the_question_gives_the_gold_answer_and_no_other(split: Split) -> None:
    solved = Counter[str]()
    for item in ITEMS[split]:
        right = SOLVERS[template(item)](item)
        assert [choice == right for choice in item.choices].count(True) == 1, item
        assert item.choices[item.gold] == right, item
        solved[template(item)] += 1
    assert min(solved.values()) > 20


def test_examples_are_answered_right() -> None:
    for example in DOMAIN.examples(""):
        name = example.fact.split(":")[0]
        asked = Item("", "", "T1", "", "", "choice", example.prompt)
        assert SOLVERS[name](asked) == example.answer


@pytest.mark.parametrize("split", ["T1", "T2", "T4"])
@pytest.mark.parametrize("guess", HEURISTICS)
def test_guessing_without_thinking_is_right_a_quarter_of_the_time(
    guess: Callable[[Item], int], split: Split
) -> None:
    for topic in DOMAIN.topics:
        found = [item for item in ITEMS[split] if item.topic == topic]
        assert 0.18 < honesty.score(found, guess) < 0.32, topic


def test_answering_what_was_trained_most_often_is_right_a_quarter_of_the_time() -> None:
    usual = Counter(example.answer for example in DOMAIN.examples(""))

    def likely(item: Item) -> int:
        return max(range(4), key=lambda at: usual[item.choices[at]])

    for topic in DOMAIN.topics:
        found = [item for item in ITEMS["T1"] if item.topic == topic]
        assert 0.18 < honesty.score(found, likely) < 0.32, topic


def test_t4_is_made_of_words_that_are_never_trained() -> None:
    for one, other in (
        (TRAINED.names, RESERVED.names),
        (TRAINED.things, RESERVED.things),
        (TRAINED.roles, RESERVED.roles),
        (TRAINED.traits, RESERVED.traits),
        *((TRAINED.classes[name], RESERVED.classes[name]) for name in TRAINED.classes),
    ):
        assert not set(one) & set(other)
        assert len(set(one)) == len(one)
    assert set(TRAINED.classes) == set(RESERVED.classes)


@pytest.mark.parametrize("words", [TRAINED, RESERVED])
def test_a_word_belongs_to_one_class(words: object) -> None:
    assert isinstance(words, type(TRAINED))
    every = [word for members in words.classes.values() for word in members]
    assert len(every) == len(set(every))


def test_what_nobody_can_know_is_right_at_any_place() -> None:
    names = Counter(item.topic for item in ITEMS["T2"])
    assert set(names) == set(DOMAIN.topics)
    assert min(names.values()) >= 100
