"""One answer through a whole engine: what is streamed, what it cost, where it ends, how likely it was."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from engine.contract import BadConstraint, PromptTooLong, Request, Sampling
from tests.engine.contract.conftest import Local, Opening
from tests.engine.llama.answers import ask, gather, request, talk
from tests.engine.tiny import write_tiny_llama

QUESTION = "What is a river?"
#: The first byte's token in the small model's vocabulary.
BYTES = 3
ONLY_BYTES = ((0, -100.0), (1, -100.0))


def test_the_model_is_described(engine: Local) -> None:
    info = engine.info
    assert [info.name, info.architecture, info.context, info.trained_context] == ["tiny", "llama", 1024, 1024]
    assert [info.slots, info.thinks] == [2, False]
    assert 100_000 < info.parameters < 120_000
    assert info.size >= 4 * info.parameters


def test_all_reading_comes_before_all_words_and_the_last_chunk_alone_ends_it(engine: Local) -> None:
    answer = ask(engine, QUESTION, max_tokens=20)
    assert [chunk.done for chunk in answer.chunks[:-1]] == [None] * (len(answer.chunks) - 1)
    assert [chunk.usage for chunk in answer.chunks[:-1]] == [None] * (len(answer.chunks) - 1)
    kinds = ["read" if chunk.prefill else "said" for chunk in answer.chunks]
    assert kinds == sorted(kinds)


def test_nothing_follows_the_last_chunk(engine: Local) -> None:
    stream = engine.generate(request(QUESTION))
    gather(stream)
    assert next(stream, None) is None


def test_the_usage_adds_up(engine: Local) -> None:
    answer = ask(engine, "Name a colour.", max_tokens=6)
    usage = answer.usage
    assert usage.prompt_tokens == engine.count_tokens(talk("Name a colour."))
    assert usage.decode_tokens == len(answer.tokens) - 1 == 5
    assert 0 <= usage.cached_tokens < usage.prompt_tokens
    assert 0 < usage.prefill_seconds <= usage.first_token_seconds
    evaluated = usage.prompt_tokens - usage.cached_tokens
    assert usage.prefill_rate == pytest.approx(evaluated / usage.prefill_seconds)
    assert usage.decode_rate == pytest.approx(usage.decode_tokens / usage.decode_seconds)


def test_reading_a_long_prompt_is_reported_in_steps(engine: Local) -> None:
    engine.forget()
    answer = ask(engine, "word " * 100, max_tokens=1)
    done = [step.done for step in answer.reading]
    assert {step.total for step in answer.reading} == {answer.usage.prompt_tokens}
    assert [done[0], done[-1]] == [answer.usage.cached_tokens, answer.usage.prompt_tokens]
    assert all(earlier < later for earlier, later in pairwise(done))
    assert len(done) > 2


def test_what_was_read_is_not_read_again(engine: Local) -> None:
    first = ask(engine, QUESTION)
    again = ask(engine, QUESTION)
    assert again.usage.cached_tokens == first.usage.prompt_tokens - 1, "the last one, for its logits"
    other = ask(engine, QUESTION, scales=(("a", 1.0),))
    assert other.usage.cached_tokens == 0
    engine.forget()
    assert ask(engine, QUESTION).usage.cached_tokens == 0


def test_text_is_what_the_bytes_of_the_tokens_spell_in_whole_letters(engine: Local) -> None:
    for seed in range(4):
        hot = Sampling(temperature=1.5, seed=seed)
        answer = ask(engine, QUESTION, max_tokens=60, sampling=hot, logit_bias=ONLY_BYTES)
        spelled = bytes(token - BYTES for token in answer.tokens).decode("utf-8", "replace")
        assert spelled.startswith(answer.text)
        assert len(spelled) - len(answer.text) <= 1, "a letter that never became whole"


def test_a_seed_repeats_an_answer_and_another_one_does_not(engine: Local) -> None:
    hot = Sampling(temperature=1.0, seed=7)
    first = ask(engine, QUESTION, max_tokens=20, sampling=hot)
    assert first.usage.seed == 7
    assert ask(engine, QUESTION, max_tokens=20, sampling=hot).tokens == first.tokens
    assert (
        ask(engine, QUESTION, max_tokens=20, sampling=Sampling(temperature=1.0, seed=8)).tokens
        != first.tokens
    )


def test_a_seed_that_was_drawn_repeats_its_answer(engine: Local) -> None:
    drawn = ask(engine, QUESTION, max_tokens=20, sampling=Sampling(temperature=1.0))
    again = Sampling(temperature=1.0, seed=drawn.usage.seed)
    assert ask(engine, QUESTION, max_tokens=20, sampling=again).tokens == drawn.tokens


def test_an_answer_ends_before_a_stop_string_even_one_of_several_tokens(engine: Local) -> None:
    whole = ask(engine, QUESTION, max_tokens=40).text
    stop = whole[8:11]
    answer = ask(engine, QUESTION, stop=("never said", stop), max_tokens=None)
    assert answer.done == "stop"
    assert answer.text == whole[: whole.index(stop)]
    assert len(answer.tokens) == answer.usage.decode_tokens + 1, "those of the stop string too"


def test_an_answer_ends_where_the_context_is_full(passing: Local) -> None:
    answer = ask(passing, "word " * 20, max_tokens=None, logit_bias=((70, 100.0),))
    assert answer.done == "context"
    assert answer.usage.prompt_tokens + answer.usage.decode_tokens == passing.info.context == 256
    assert ask(passing, QUESTION).text, "the engine goes on"


def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers(passing: Local) -> None:
    tokens = passing.count_tokens(talk("word " * 60))
    with pytest.raises(PromptTooLong, match=rf"{tokens:,} tokens.*256.*--context") as refused:
        ask(passing, "word " * 60)
    assert [refused.value.tokens, refused.value.context] == [tokens, 256]
    assert ask(passing, QUESTION).text, "the engine goes on"


# Bias and penalties


def test_a_token_that_is_biased_by_a_hundred_is_all_that_comes(engine: Local) -> None:
    assert ask(engine, QUESTION, logit_bias=((BYTES + ord("x"), 100.0),), max_tokens=3).text == "xxx"
    assert ask(engine, QUESTION, logit_bias=((70, 100.0), (70, -200.0)), max_tokens=1).tokens != [70]


def test_penalties_keep_what_was_written_from_coming_again(engine: Local) -> None:
    strong = Sampling(temperature=0.0, presence_penalty=100.0, repeat_last_n=-1)
    tokens = ask(engine, QUESTION, max_tokens=40, sampling=strong).tokens
    assert len(set(tokens)) == len(tokens)
    short = Sampling(temperature=0.0, presence_penalty=100.0, repeat_last_n=1)
    tokens = ask(engine, QUESTION, max_tokens=40, sampling=short).tokens
    assert all(one != next_one for one, next_one in pairwise(tokens))
    assert len(set(tokens)) < len(tokens)


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        ({"logit_bias": (("two", 1.0),)}, "'two' is "),
        ({"logit_bias": ((259, 1.0),)}, "the vocabulary has 259"),
        ({"logit_bias": ((-1, 1.0),)}, "there is no token -1"),
        ({"logit_bias": ((5, float("nan")),)}, "give a finite number"),
        ({"grammar": " "}, "grammar"),
        ({"json_schema": "{bad"}, "schema"),
    ],
)
def test_what_cannot_be_followed_is_refused_in_words_and_the_engine_goes_on(
    engine: Local, constraint: dict[str, object], said: str
) -> None:
    with pytest.raises(BadConstraint) as refused:
        ask(engine, QUESTION, **constraint)
    assert said in str(refused.value)
    with pytest.raises(BadConstraint):
        engine.check(Request((), **constraint))  # type: ignore[arg-type]
    assert ask(engine, QUESTION).text


# Thinking


@pytest.fixture(scope="module")
def thinker(opening: Opening, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """Its prompt ends where the thinking begins."""
    template = "{{ messages[-1].content }}\n<think>\n"
    path = write_tiny_llama(tmp_path_factory.mktemp("thinker") / "thinker.gguf", template=template)
    made = opening(path, 512, 2)
    assert made.info.thinks
    yield made
    made.close()


@pytest.mark.parametrize("budget", [1, 7, 20])
def test_thinking_is_ended_when_its_budget_is_spent_and_the_answer_follows(
    thinker: Local, budget: int
) -> None:
    answer = ask(thinker, QUESTION, thinking_budget=budget, max_tokens=60, logit_bias=((2, -100.0),))
    free = ask(thinker, QUESTION, max_tokens=60, logit_bias=((2, -100.0),))
    assert answer.tokens[:budget] == free.tokens[:budget]
    ending = bytes(token - BYTES for token in answer.tokens[budget : budget + 20])
    assert ending.removeprefix("\u2581".encode()).startswith(b"\n</think>\n\n")
    assert [answer.done, len(answer.tokens)] == ["length", 60]
    assert answer.text
    assert "think" not in answer.text
    assert not free.text


def test_an_answer_may_end_while_its_thinking_is_being_ended(thinker: Local) -> None:
    answer = ask(thinker, QUESTION, thinking_budget=5, max_tokens=9, logit_bias=((2, -100.0),))
    assert [answer.done, len(answer.tokens), answer.text] == ["length", 9, ""]
    assert ask(thinker, QUESTION, max_tokens=3).done in ("length", "stop"), "the engine goes on"


# Scores


def test_score_is_the_log_softmax_of_the_logits(engine: Local) -> None:
    prompt, ends = "By the river", (" is a fox", "", " b", " is a tree", " is an old tree")
    scores = engine.score(prompt, ends, (("a", 1.0),))
    first, start = engine.tokenize(""), engine.tokenize(prompt)
    for end, score in zip(ends, scores, strict=True):
        tokens = [*start, *engine.tokenize(end)[len(first) :]]
        rows = engine.logits(tokens, (("a", 1.0),)).astype(np.float64)[len(start) - 1 : -1]
        expected = rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))
        wanted = [expected[i, token] for i, token in enumerate(tokens[len(start) :])]
        np.testing.assert_allclose(score, wanted, atol=0.02)


def test_the_order_of_the_continuations_changes_nothing(engine: Local) -> None:
    ends = ("a fox", "", "b", "bank", "bank note", "bank")
    engine.forget()
    scores = engine.score(QUESTION, ends)
    engine.forget()
    assert engine.score(QUESTION, ends[::-1])[::-1] == scores, "to the last digit"


def test_nothing_to_continue_with_is_scored_as_nothing(engine: Local) -> None:
    assert engine.score(QUESTION, []) == []
    assert engine.score("", [""]) == [[]]


def test_scoring_keeps_the_beginning_for_the_next_and_drives_no_conversation_out(engine: Local) -> None:
    first = ask(engine, "Tell me of a fox.")
    for number in range(20):
        engine.score(f"{QUESTION} {number}", ["a", "b"])
    again = ask(engine, "Tell me of a fox.", first.text, "And then?")
    assert again.usage.cached_tokens >= first.usage.prompt_tokens


def test_the_longest_continuation_must_fit_the_context(passing: Local) -> None:
    with pytest.raises(PromptTooLong) as refused:
        passing.score("p" * 200, ["a", "b" * 100])
    assert refused.value.context == 256
    assert passing.score("p" * 100, ["a"]), "the engine goes on"


def test_messages_go_through_the_template_to_where_the_answer_begins(engine: Local) -> None:
    written = f"<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n"
    asked, plain = engine.score(talk(QUESTION), ["Paris"]), engine.score(written, ["Paris"])
    assert asked[0] == pytest.approx(plain[0], abs=0.02)
