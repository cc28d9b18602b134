"""How the next token is chosen, seen in answers of the starter model."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from engine.answer import draw_seed
from engine.contract import Sampling
from engine.llama.engine import LlamaEngine
from tests.engine.llama.answers import ENDLESS, GREEDY, Answer, ask_afresh

HOT = Sampling(temperature=2.0, top_k=0, top_p=1.0, min_p=0.0, seed=1)

#: Greedily the starter model says the same again and again.
ECHO = ("Say one.", "one one one one one", "Go on.")


def story(engine: LlamaEngine, sampling: Sampling) -> list[int]:
    """Tokens of an answer, always read in the same batches."""
    return ask_afresh(engine, ENDLESS, sampling=sampling, max_tokens=6).tokens


@pytest.fixture(scope="module")
def greedy(starter_engine: LlamaEngine) -> list[int]:
    return story(starter_engine, GREEDY)


def echo(engine: LlamaEngine, **penalties: Any) -> list[int]:
    return ask_afresh(engine, *ECHO, sampling=replace(GREEDY, **penalties), max_tokens=20).tokens


def test_the_same_seed_says_the_same_and_another_does_not(starter_engine: LlamaEngine) -> None:
    first = story(starter_engine, HOT)
    assert story(starter_engine, HOT) == first
    assert story(starter_engine, replace(HOT, seed=2)) != first


def test_a_drawn_seed_is_told_and_says_the_same_again(starter_engine: LlamaEngine) -> None:
    def asked(sampling: Sampling) -> Answer:
        return ask_afresh(starter_engine, ENDLESS, sampling=sampling)

    unseeded = replace(HOT, seed=None)
    first, second = asked(unseeded), asked(unseeded)
    assert first.usage.seed != second.usage.seed
    again = asked(replace(HOT, seed=first.usage.seed))
    assert again.tokens == first.tokens
    assert again.usage.seed == first.usage.seed


def test_a_seed_that_was_asked_for_is_kept_and_others_are_drawn() -> None:
    assert draw_seed(Sampling(seed=0)) == 0
    drawn = {draw_seed(Sampling()) for _ in range(20)}
    assert len(drawn) == 20
    assert all(0 <= seed < 2**31 for seed in drawn)


@pytest.mark.parametrize(
    "narrow", [{"temperature": 0.0}, {"top_k": 1}, {"top_p": 1e-6}, {"min_p": 1.0}, {"temperature": 1e-4}]
)
def test_whatever_leaves_one_choice_is_greedy(
    starter_engine: LlamaEngine, greedy: list[int], narrow: dict[str, Any]
) -> None:
    assert story(starter_engine, replace(HOT, **narrow)) == greedy


def test_what_leaves_every_choice_is_not_greedy(starter_engine: LlamaEngine, greedy: list[int]) -> None:
    assert story(starter_engine, HOT) != greedy


def test_without_penalties_it_repeats_itself(starter_engine: LlamaEngine) -> None:
    plain = echo(starter_engine)
    assert len(set(plain)) < len(plain)
    assert echo(starter_engine, repeat_last_n=0, repeat_penalty=2.0, presence_penalty=2.0) == plain


@pytest.mark.parametrize(
    "penalty", [{"repeat_penalty": 2.0}, {"presence_penalty": 50.0}, {"frequency_penalty": 50.0}]
)
def test_each_penalty_keeps_it_from_repeating_itself(
    starter_engine: LlamaEngine, penalty: dict[str, float]
) -> None:
    assert echo(starter_engine, **penalty) != echo(starter_engine)
    if "repeat_penalty" not in penalty:
        tokens = echo(starter_engine, **penalty)
        assert len(set(tokens)) == len(tokens)


def test_a_penalty_looks_back_as_far_as_it_is_told(starter_engine: LlamaEngine) -> None:
    near = echo(starter_engine, presence_penalty=50.0, repeat_last_n=1)
    assert all(one != other for one, other in pairwise(near))
    assert len(set(near)) < len(near), "further back it does not look"
    whole = echo(starter_engine, presence_penalty=50.0, repeat_last_n=-1)
    assert len(set(whole)) == len(whole), "-1 is the whole context"
