"""Continuations of one prompt are read side by side, and each is as likely as if it had been read alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.contract import Message, PromptTooLong
from engine.llama.engine import LlamaEngine, LlamaOptions
from tests.engine.llama.answers import ask, gather, request, talk
from tests.engine.tiny import write_tiny_llama, write_tiny_mamba

#: Float32 weights: all that other batches change.
ROUNDING = 0.02
PROMPT = "Which of these lies by a river"
ENDS = ("a fox", "", "b", "an old tree with many leaves", "bank", "bank note", "bank")
MODELS: dict[str, Callable[[Path], Path]] = {"llama": write_tiny_llama, "mamba": write_tiny_mamba}


def opened(path: Path, slots: int, context: int = 1024, batch: int | None = None) -> LlamaEngine:
    options = LlamaOptions(context=context, threads=1, slots=slots, batch=batch)
    return LlamaEngine(path, options, lambda _fraction: True)


@pytest.fixture(params=[(kind, slots) for kind in MODELS for slots in (1, 3, 8)], ids=str)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LlamaEngine]:
    kind, slots = request.param
    made = opened(MODELS[kind](tmp_path / "tiny.gguf"), slots)
    yield made
    made.close()


def alone(engine: LlamaEngine, prompt: str, end: str) -> list[float]:
    """The log-likelihoods from a fresh read of the whole text."""
    first, read = engine.tokenize(""), engine.tokenize(prompt)
    start, tokens = len(read), [*read, *engine.tokenize(end)[len(first) :]]
    rows = engine.logits(tokens).astype(np.float64)
    rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
    return [float(rows[at - 1, tokens[at]]) for at in range(start, len(tokens))]


def test_each_continuation_is_as_likely_as_alone(engine: LlamaEngine) -> None:
    scores = engine.score(PROMPT, ENDS)
    assert len({len(score) for score in scores}) > 4, "of several lengths"
    for end, score in zip(ENDS, scores, strict=True):
        np.testing.assert_allclose(score, alone(engine, PROMPT, end), atol=ROUNDING)


def test_the_order_of_the_continuations_changes_nothing(engine: LlamaEngine) -> None:
    engine.forget()
    scores = engine.score(PROMPT, ENDS)
    engine.forget()
    assert engine.score(PROMPT, ENDS[::-1])[::-1] == scores, "to the last digit"


def test_what_was_scored_before_changes_no_more_than_rounding(engine: LlamaEngine) -> None:
    first = engine.score(PROMPT, ENDS)
    engine.score(f"{PROMPT} and a wood", ["x", "yes and no"])
    for one, again in zip(first, engine.score(PROMPT, ENDS), strict=True):
        np.testing.assert_allclose(one, again, atol=ROUNDING)


def test_texts_longer_than_a_batch_are_read_in_several(tmp_path: Path) -> None:
    path = write_tiny_llama(tmp_path / "tiny.gguf")
    whole, parts = opened(path, 4, batch=512), opened(path, 4, batch=16)
    ends = ("long " * 20, "longer " * 30, "short")
    for one, other in zip(whole.score(PROMPT, ends), parts.score(PROMPT, ends), strict=True):
        np.testing.assert_allclose(one, other, atol=ROUNDING)
    whole.close()
    parts.close()


def test_the_longest_continuation_must_fit_the_context(tmp_path: Path) -> None:
    engine = opened(write_tiny_llama(tmp_path / "tiny.gguf"), 2, context=256)
    with pytest.raises(PromptTooLong) as refused:
        engine.score("p" * 200, ["a", "b" * 100])
    assert refused.value.context == 256
    assert engine.score("p" * 100, ["a"]), "the engine goes on"
    engine.close()


def test_scoring_many_prompts_parks_nothing_and_forgets_no_conversation(tmp_path: Path) -> None:
    engine = opened(write_tiny_llama(tmp_path / "tiny.gguf"), 2)
    story = "Tell me of a fox " * 10
    first = ask(engine, story)
    for number in range(20):
        engine.score(f"Question {number}: {PROMPT}", ENDS)
    assert engine.cache_stats().parked <= 2, "the conversation, and no question"
    again = ask(engine, story, first.text, "And then?")
    assert again.usage.cached_tokens >= first.usage.prompt_tokens
    engine.close()


def test_scoring_beside_answers_takes_the_sequences_that_are_left(tmp_path: Path) -> None:
    engine = opened(write_tiny_llama(tmp_path / "tiny.gguf"), 4)
    expected = engine.score(PROMPT, ENDS)
    streams = [engine.generate(request(f"go on {i}", max_tokens=200)) for i in range(3)]
    for one, other in zip(expected, engine.score(PROMPT, ENDS), strict=True):
        np.testing.assert_allclose(one, other, atol=ROUNDING)
    assert {gather(stream).done for stream in streams} <= {"length", "stop"}
    engine.close()


def test_messages_go_through_the_template_to_where_the_answer_begins(starter_engine: LlamaEngine) -> None:
    messages = (Message("system", "Be brief."), *talk("What is the capital of France?"))
    written = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat is the capital of France?"
    written += "<|im_end|>\n<|im_start|>assistant\n"
    ends = ["Paris", "Rome", "a tree"]
    asked, plain = starter_engine.score(messages, ends), starter_engine.score(written, ends)
    for one, other in zip(asked, plain, strict=True):
        assert one == pytest.approx(other, abs=0.35)
    assert max(asked, key=sum) == asked[0]
