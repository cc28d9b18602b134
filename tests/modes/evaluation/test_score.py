"""Items asked of the starter model, and answers marked."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import NotInstalled
from engine.llama.engine import LlamaEngine
from modes.evaluation.item import Item
from modes.evaluation.sandbox import Limits
from modes.evaluation.score import Setting, extracted, normalised, pieces, score_item
from tests.modes.evaluation.made import choice, item, outcome

CAPITAL = choice(
    "capital",
    "Rome",
    "Paris",
    "a very small village",
    "the moon",
    prompt="What is the capital of France?",
    gold=1,
)

#: Under load a program may take its time.
PATIENT = Setting(limits=Limits(seconds=60))


def echo(word: str, **fields: object) -> Item:
    """The starter model goes on with the pattern."""
    prompt = f"Repeat the last word and nothing else: red red, blue blue, {word}"
    return item(word, prompt=prompt, **fields)


def test_the_headline_is_per_byte_and_the_others_are_kept() -> None:
    found = outcome(gold=2, log_likelihoods=(-3.0, -4.0, -4.2), tokens=(1, 2, 3), sizes=(3, 4, 6))
    assert [found.picked_by_sum, found.picked] == [0, 2]
    assert found.per_byte == pytest.approx((-1.0, -1.0, -0.7))


def test_only_a_text_has_bits_per_byte_and_only_a_choice_a_pick() -> None:
    text = outcome(log_likelihoods=(-16 * math.log(2),), tokens=(9,), sizes=(8,))
    assert [text.bits_per_byte, text.picked, text.picked_by_sum] == [2.0, None, None]
    assert outcome(gold=0, log_likelihoods=(-1.0,), tokens=(1,), sizes=(1,)).bits_per_byte is None
    assert outcome().bits_per_byte is None


def test_answers_are_compared_composed_and_folded() -> None:
    assert normalised(" Café\t AU  Lait ") == normalised("cafe\u0301 au lait")
    assert normalised("ꭳꮟᏺ") == normalised("ᎣᏏᏲ") == "ᎣᏏᏲ", "small Cherokee letters fold to the large ones"
    assert normalised("STRASSE") == normalised("straße")


@pytest.mark.parametrize(
    ("answer", "program"),
    [
        ("Here:\n```python\na = 1\n```\nand\n```\nb\n```", "a = 1\n"),
        ("```\na = 1\n```", "a = 1\n"),
        ("``` py \na = '```'\nb\n", "a = '```'\nb\n"),
        ("a = 1", "a = 1"),
        ("", ""),
    ],
)
def test_the_program_is_the_first_fenced_block_or_all(answer: str, program: str) -> None:
    assert extracted(answer) == program


@settings(deadline=None)
@given(st.text(), st.integers(4, 40))
def test_a_text_is_cut_into_pieces_that_fit_and_lose_nothing(text: str, size: int) -> None:
    parts = pieces(text.encode(errors="ignore").decode(), size)
    assert "".join(parts) == text.encode(errors="ignore").decode()
    assert all(0 < len(part.encode()) <= size for part in parts)


def test_a_text_is_cut_between_words() -> None:
    assert pieces("one two three", 8) == ["one two ", "three"]


@pytest.mark.model
def test_the_starter_model_knows_its_capitals(starter_engine: LlamaEngine) -> None:
    found = score_item(starter_engine, CAPITAL)
    assert [found.item, found.correct, found.gold, found.picked, found.picked_by_sum] == [
        "capital",
        True,
        1,
        1,
        1,
    ]
    assert found.sizes == tuple(len(option) for option in CAPITAL.choices)
    assert all(nats < 0 for nats in found.log_likelihoods)
    assert all(count >= 1 for count in found.tokens)
    assert found.seconds > 0
    assert not score_item(starter_engine, replace(CAPITAL, gold=3)).correct


@pytest.mark.model
def test_how_an_item_is_put_changes_what_is_likely(starter_engine: LlamaEngine) -> None:
    found = [
        score_item(starter_engine, CAPITAL, setting).log_likelihoods
        for setting in (Setting(), Setting(system="Name a heavenly body."), Setting(chat=False))
    ]
    assert len(set(found)) == 3
    with pytest.raises(NotInstalled):
        score_item(starter_engine, CAPITAL, Setting(scales=(("nobody", 1.0),)))


@pytest.mark.model
def test_the_first_line_of_a_greedy_answer_is_the_whole_answer(starter_engine: LlamaEngine) -> None:
    said = score_item(starter_engine, echo("fish", accepted=("x",)))
    assert [said.correct, "\n" in said.text, said.gold] == [False, False, None]
    again = score_item(starter_engine, echo("fish", accepted=("x", f"  {said.text.upper()} ")))
    assert [again.correct, again.text] == [True, said.text]


@pytest.mark.model
def test_a_program_is_written_and_its_tests_are_run(starter_engine: LlamaEngine) -> None:
    asked = item(
        "add", kind="code", prompt="Write a Python function add(a, b) that returns the sum of a and b."
    )
    right = score_item(starter_engine, replace(asked, tests="assert add(1, 2) == 3"), PATIENT)
    assert [right.correct, right.note] == [True, "passed"]
    wrong = score_item(starter_engine, replace(asked, tests="assert add(1, 2) == 4"), PATIENT)
    assert [wrong.correct, wrong.note] == [False, "failed: AssertionError"]
    assert "def add(a, b)" in wrong.text


@pytest.mark.model
def test_a_text_in_the_models_language_takes_fewer_bits(starter_engine: LlamaEngine) -> None:
    english = item("en", kind="text", prompt="Once upon a time there was a fox who lived by the river. " * 2)
    noise = item("no", kind="text", prompt="xq zzj wvk qqp ffw jjx kkz vvq wwx pqz mmk xxj bbq " * 2)
    bits = [score_item(starter_engine, one).bits_per_byte for one in (english, noise)]
    assert bits[0] is not None
    assert bits[1] is not None
    assert 0 < bits[0] < 2 < bits[1]
