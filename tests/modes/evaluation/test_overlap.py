"""A test item that was trained is found, and a template's words alone are no sign of it."""

from __future__ import annotations

import pytest

from modes.evaluation.item import Example
from modes.evaluation.overlap import SeenInTraining, assert_unseen, overlaps
from tests.modes.evaluation.made import item

LONG = "one two three four five six seven eight nine ten"


def example(prompt: str, answer: str = "yes", fact: str = "fact") -> Example:
    return Example(prompt, answer, "topic", fact)


def test_the_same_question_is_found_whatever_its_case_and_punctuation() -> None:
    examples = [example("Who?"), example("  what is the RIVER'S name ")]
    (found,) = overlaps(examples, [item("a", prompt="What is the river's name?")])
    assert [found.item, found.example, found.how] == ["a", 1, "same question"]


def test_small_cherokee_letters_are_the_same_as_large_ones() -> None:
    assert overlaps([example("ꭳꮟᏺ")], [item(prompt="ᎣᏏᏲ")])


def test_eight_words_in_a_row_are_found_in_question_and_answer() -> None:
    words = LONG.split()
    asked = item("a", prompt=f"Zero {' '.join(words[:8])}?")
    assert overlaps([example(LONG)], [asked])[0].words == " ".join(words[:8])
    assert overlaps([example("Say it.", f"It is: {LONG}.")], [asked])[0].how == "same words"
    assert not overlaps([example(LONG)], [item(prompt=f"Zero {' '.join(words[:7])} other")])


def test_a_short_question_is_found_only_whole() -> None:
    assert not overlaps([example("Who is there and why?")], [item(prompt="Who is there?")])


def test_the_words_of_a_template_are_no_sign() -> None:
    def asked(name: str) -> str:
        return f"What is the Cherokee name of the country that is called {name}?"

    examples = [example(asked(f"land{number}"), fact=str(number)) for number in range(40)]
    assert not overlaps(examples, [item("a", prompt=asked("other"))])
    assert overlaps(examples[:5], [item("a", prompt=asked("other"))]), "of a few facts they may be one"
    assert overlaps(examples, [item("a", prompt=asked("land7"))])[0].how == "same question"


def test_training_is_refused_with_the_first_item_that_was_seen() -> None:
    items = [item("a", prompt="A new one?"), item("b", prompt="Who is it?"), item("c", prompt=LONG)]
    assert_unseen([example("Who?")], items)
    with pytest.raises(SeenInTraining, match=r'2 test items.*"b" in example 0 \(same question') as refused:
        assert_unseen([example("who is it"), example(LONG)], items)
    assert [one.item for one in refused.value.found] == ["b", "c"]


def test_questions_without_words_are_compared_as_they_are() -> None:
    assert overlaps([example("?!")], [item("a", prompt="?!"), item("b", prompt="!!")])[0].item == "a"
    assert overlaps([], [item()]) == []
