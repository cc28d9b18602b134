"""What has been read is not read again, and an answer does not depend on what was read before."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.llama.engine import LlamaEngine
from tests.engine.llama.answers import ask, ask_afresh, talk

STORY = "Once upon a time a fox came to a wide river, and on the other side there stood an old tree."

#: Reading the same tokens in other batches changes the last digits of the logits, and these the rest.
NOISE = 0.35


def told(times: int) -> str:
    return " ".join([STORY] * times)


def likelihoods(engine: LlamaEngine, text: str) -> NDArray[np.float64]:
    """Log-likelihood of every token after the first, from a fresh read in one go."""
    tokens = engine.tokenize(text)
    rows = engine.logits(tokens).astype(np.float64)
    rows -= rows.max(axis=1, keepdims=True)
    rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
    return rows[np.arange(len(tokens) - 1), tokens[1:]]


def test_the_next_turn_reads_only_what_is_new(starter_engine: LlamaEngine) -> None:
    first = ask(starter_engine, STORY + " Name the animal.", max_tokens=8)
    read = first.usage.prompt_tokens
    second = ask(starter_engine, STORY + " Name the animal.", first.text, "And the plant?", max_tokens=4)
    new = second.usage.prompt_tokens - second.usage.cached_tokens
    assert second.usage.cached_tokens >= read
    assert new < 30
    assert second.reading[0].done == second.usage.cached_tokens


def test_another_answer_to_the_same_question_reads_one_token(starter_engine: LlamaEngine) -> None:
    ask(starter_engine, STORY)
    again = ask(starter_engine, STORY)
    assert again.usage.cached_tokens == again.usage.prompt_tokens - 1, "the last one, for its logits"


def test_an_edited_question_keeps_what_stands_before_the_edit(starter_engine: LlamaEngine) -> None:
    ask(starter_engine, STORY, "Yes.", "Name the animal.")
    edited = ask(starter_engine, STORY, "Yes.", "Who sat in the tree?")
    kept = starter_engine.count_tokens(talk(STORY))
    assert kept < edited.usage.cached_tokens < edited.usage.prompt_tokens


def test_nothing_in_common_means_everything_is_read(gemma_or_starter: LlamaEngine) -> None:
    gemma_or_starter.forget()
    gemma_or_starter.score("A text that begins in another way", [" and goes on."])
    answer = ask(gemma_or_starter, "Name a colour.", max_tokens=1)
    assert answer.usage.cached_tokens <= 1, "the first token of every prompt may be the same"


def test_the_same_question_in_the_same_batches_gets_the_same_answer(starter_engine: LlamaEngine) -> None:
    first, second = (ask_afresh(starter_engine, STORY, max_tokens=12) for _ in range(2))
    assert first.tokens == second.tokens


def test_scoring_after_other_reads_is_scoring_afresh(starter_engine: LlamaEngine) -> None:
    alone = likelihoods(starter_engine, STORY)
    starter_engine.score(told(3), [" The end."])
    start = "Once upon a time"
    (warm,) = starter_engine.score(start, [STORY.removeprefix(start)])
    np.testing.assert_allclose(warm, alone[-len(warm) :], atol=NOISE)


@pytest.fixture(params=["starter", pytest.param("gemma", marks=pytest.mark.xdist_group("gemma"))])
def gemma_or_starter(request: pytest.FixtureRequest) -> LlamaEngine:
    engine: LlamaEngine = request.getfixturevalue(f"{request.param}_engine")
    return engine


@pytest.mark.xdist_group("gemma")
class TestAModelWithASlidingWindow:
    """Gemma looks back over 512 tokens in most layers; what slid out of the window must not be missed."""

    def test_it_answers_without_a_template_of_its_own(self, gemma_engine: LlamaEngine) -> None:
        assert gemma_engine.info.architecture == "gemma3"
        assert gemma_engine.info.notes == ("the model file has no chat template: ChatML is used",)
        pairs = ("France", "Paris", "Italy", "Rome", "Spain", "Madrid", "Japan")
        answer = ask(gemma_engine, *pairs, max_tokens=30)
        assert [answer.text, answer.done] == ["Tokyo", "stop"], "the vocabulary has no token that ends it"

    def test_the_first_token_of_a_text_is_there_once(self, gemma_engine: LlamaEngine) -> None:
        tokens = gemma_engine.tokenize("Paris")
        assert len(tokens) == 2
        assert gemma_engine.tokenize("")[0] == tokens[0]
        (after,) = gemma_engine.score("", ["Paris"])
        written = gemma_engine.score("<bos>", ["Paris"])[0]
        assert after == pytest.approx(written, abs=NOISE)

    def test_going_back_further_than_the_window_reads_right(self, gemma_engine: LlamaEngine) -> None:
        cold = likelihoods(gemma_engine, told(3))
        gemma_engine.score(told(37), [" The end."])
        (warm,) = gemma_engine.score(told(2), [" " + STORY])
        np.testing.assert_allclose(warm, cold[-len(warm) :], atol=NOISE)

    def test_the_next_turn_after_a_long_one_reads_only_what_is_new(self, gemma_engine: LlamaEngine) -> None:
        first = ask(gemma_engine, told(25), max_tokens=2)
        second = ask(gemma_engine, told(25), "Yes.", "The end?", max_tokens=2)
        assert second.usage.prompt_tokens > 512
        assert second.usage.cached_tokens >= first.usage.prompt_tokens - 1
