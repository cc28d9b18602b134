"""A guess that is on the safe side, and learns."""

from __future__ import annotations

from engine.contract import Message
from engine.remote.counting import Estimate

TALK = [Message("user", "The river carries what the mountain gave away. " * 20)]


def test_a_guess_is_rather_too_high_for_english() -> None:
    assert Estimate().tokens(TALK) > 20 * 9


def test_a_guess_comes_close_once_an_answer_has_told() -> None:
    estimate = Estimate()
    estimate.learn(TALK, 200)
    assert abs(estimate.tokens(TALK) - 200) <= 1
    assert abs(estimate.tokens([*TALK, *TALK]) - 390) <= 10


def test_nonsense_from_a_server_does_not_make_it_useless() -> None:
    estimate = Estimate()
    estimate.learn(TALK, 10**9)
    estimate.learn(TALK, 0)
    assert 0 < estimate.tokens(TALK) < 2000


def test_no_prompt_of_words_has_fewer_tokens_than_the_least() -> None:
    assert 0 < Estimate.least(TALK) < 20 * 9
