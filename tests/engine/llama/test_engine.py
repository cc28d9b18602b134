"""One answer through the whole engine: what is streamed, what it cost, and where it ends."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.contract import Message, PromptTooLong
from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.llama.library import devices, supports_gpu
from tests.engine.llama.answers import ENDLESS, ask, ask_afresh, gather, request, talk

#: The starter model goes on with the pattern: the last question comes back as it is.
ECHO = ("Repeat: red", "red", "Repeat: ᎣᏏᏲ", "ᎣᏏᏲ", "Repeat: tree", "tree")


def test_the_loaded_model_is_described(starter_engine: LlamaEngine, starter: Path) -> None:
    info = starter_engine.info
    assert [info.name, info.architecture, info.path] == [starter.stem, "llama", starter]
    assert [info.context, info.trained_context] == [1024, 8192]
    assert 130e6 < info.parameters < 140e6
    assert 0.9 * starter.stat().st_size < info.size < starter.stat().st_size
    assert [info.thinks, info.notes] == [False, ()]


def test_an_answer_is_streamed_in_whole_letters_and_ends_once(starter_engine: LlamaEngine) -> None:
    answer = ask(starter_engine, *ECHO, "Repeat: fish")
    assert [answer.text, answer.done] == ["fish", "stop"], "without the control token that ended it"
    assert [chunk.done for chunk in answer.chunks[:-1]] == [None] * (len(answer.chunks) - 1)
    assert [chunk.usage for chunk in answer.chunks[:-1]] == [None] * (len(answer.chunks) - 1)
    kinds = ["read" if chunk.prefill else "said" for chunk in answer.chunks]
    assert kinds == sorted(kinds), "all reading comes before all words"


def test_nothing_follows_the_last_chunk(starter_engine: LlamaEngine) -> None:
    stream = starter_engine.generate(request(*ECHO, "Repeat: fish"))
    gather(stream)
    assert next(stream, None) is None


def test_the_usage_adds_up(starter_engine: LlamaEngine) -> None:
    answer = ask(starter_engine, "Name a colour.", max_tokens=6)
    usage = answer.usage
    assert usage.prompt_tokens == starter_engine.count_tokens(talk("Name a colour."))
    assert usage.decode_tokens == len(answer.tokens) - 1 == 5
    assert 0 <= usage.cached_tokens < usage.prompt_tokens
    assert 0 < usage.prefill_seconds <= usage.first_token_seconds
    assert usage.decode_seconds > 0
    evaluated = usage.prompt_tokens - usage.cached_tokens
    assert usage.prefill_rate == pytest.approx(evaluated / usage.prefill_seconds)
    assert usage.decode_rate == pytest.approx(usage.decode_tokens / usage.decode_seconds)


def test_the_chat_template_counts(starter_engine: LlamaEngine) -> None:
    short = starter_engine.count_tokens([Message("system", "Be kind."), Message("user", "a")])
    longer = starter_engine.count_tokens([Message("system", "Be kind."), Message("user", "a a a")])
    assert longer == short + 2
    assert short > len(starter_engine.tokenize("Be kind.a"))


def test_reading_a_long_prompt_is_reported_in_steps(small_engine: LlamaEngine) -> None:
    answer = ask(small_engine, "word " * 200, max_tokens=1)
    done = [step.done for step in answer.reading]
    assert {step.total for step in answer.reading} == {answer.usage.prompt_tokens}
    assert done[0] == answer.usage.cached_tokens
    assert done[-1] == answer.usage.prompt_tokens
    assert all(0 < later - earlier <= 256 for earlier, later in pairwise(done))


def test_an_answer_ends_after_the_tokens_that_were_allowed(starter_engine: LlamaEngine) -> None:
    answer = ask(starter_engine, ENDLESS, max_tokens=5)
    assert [answer.done, len(answer.tokens)] == ["length", 5]


def test_an_answer_ends_where_the_context_is_full(small_engine: LlamaEngine) -> None:
    answer = ask(small_engine, " ".join([ENDLESS] * 10), max_tokens=None)
    assert answer.done == "context"
    assert answer.usage.prompt_tokens + answer.usage.decode_tokens == small_engine.info.context == 256
    assert ask(small_engine, *ECHO, "Repeat: fish").text == "fish", "the engine goes on"


def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers(small_engine: LlamaEngine) -> None:
    tokens = small_engine.count_tokens(talk("word " * 300))
    with pytest.raises(PromptTooLong, match=rf"{tokens:,} tokens.*256.*--context") as refused:
        ask(small_engine, "word " * 300)
    assert [refused.value.tokens, refused.value.context] == [tokens, 256]
    assert ask(small_engine, *ECHO, "Repeat: fish").text == "fish", "the engine goes on"


def test_a_prompt_that_leaves_room_for_no_word_is_refused_and_for_one_is_not(
    small_engine: LlamaEngine,
) -> None:
    used = small_engine.count_tokens(talk("word"))
    full = "word" + " word" * (256 - used)
    assert small_engine.count_tokens(talk(full)) == 256
    with pytest.raises(PromptTooLong):
        ask(small_engine, full)
    answer = ask(small_engine, full.removesuffix(" word"), max_tokens=None)
    assert answer.usage.prompt_tokens == 255
    assert answer.done in ("context", "stop")


def test_an_answer_ends_before_a_stop_string_even_one_of_several_tokens(starter_engine: LlamaEngine) -> None:
    whole = ask_afresh(starter_engine, ENDLESS, max_tokens=24).text
    words = whole.split(" ")
    stop = " ".join(words[4:7])
    answer = ask_afresh(starter_engine, ENDLESS, stop=("never said", stop), max_tokens=None)
    assert answer.done == "stop"
    assert answer.text == whole[: whole.index(stop)]
    assert len(answer.tokens) == answer.usage.decode_tokens + 1, "those of the stop string too"


def test_letters_of_three_bytes_are_never_broken(starter_engine: LlamaEngine) -> None:
    answer = ask(starter_engine, "ᎣᏏᏲ", "ᎣᏏᏲ", "ᏙᎯᏧ", "ᏙᎯᏧ", "ᎣᏏᏲ", max_tokens=24)
    assert answer.text == "ᎣᏏᏲ"
    said = [chunk for chunk in answer.chunks if chunk.text]
    assert [chunk.text for chunk in said] == ["Ꭳ", "Ꮟ", "Ᏺ"]
    assert all(len(chunk.tokens) > 1 for chunk in said), "a letter is several tokens here"


def test_an_answer_that_ends_within_a_letter_keeps_the_whole_ones(starter_engine: LlamaEngine) -> None:
    answer = ask(starter_engine, "ᎣᏏᏲ", "ᎣᏏᏲ", "ᏙᎯᏧ", "ᏙᎯᏧ", "ᎣᏏᏲ", max_tokens=5)
    assert [answer.text, answer.done, len(answer.tokens)] == ["Ꭳ", "length", 5]


def test_score_is_the_log_softmax_of_the_logits(starter_engine: LlamaEngine) -> None:
    prompt, ends = "The capital of France is", (" Paris, of course", " Rome")
    scores = starter_engine.score(prompt, ends)
    start = starter_engine.tokenize(prompt)
    for end, score in zip(ends, scores, strict=True):
        tokens = starter_engine.tokenize(prompt + end)
        assert tokens[: len(start)] == start
        rows = starter_engine.logits(tokens).astype(np.float64)[len(start) - 1 : -1]
        expected = rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))
        wanted = [expected[i, token] for i, token in enumerate(tokens[len(start) :])]
        # What is in the cache changes the shape of the batches, and those change the last digits.
        np.testing.assert_allclose(score, wanted, atol=0.1)
    assert scores[0][0] > scores[1][0] + 2, "it knows its capitals"


def test_score_takes_a_text_from_its_very_beginning(starter_engine: LlamaEngine) -> None:
    likely, unlikely = starter_engine.score("", ["The", "zxq"])
    assert len(likely) == 1
    assert sum(likely) > sum(unlikely)
    assert starter_engine.score("The", [""]) == [[]]


def test_what_is_scored_must_fit_the_context(small_engine: LlamaEngine) -> None:
    with pytest.raises(PromptTooLong):
        small_engine.score("word " * 200, [" word" * 100])


def test_a_file_with_letters_of_other_scripts_in_its_name_is_loaded(
    starter: Path, starter_engine: LlamaEngine, fingerprints: Path, tmp_path: Path
) -> None:
    path = tmp_path / "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ.gguf"
    path.symlink_to(starter)
    engine = LlamaEngine(path, LlamaOptions(256, 1, memo=fingerprints), lambda _fraction: True)
    assert engine.info.name == "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ"
    assert engine.fingerprint() == starter_engine.fingerprint()
    engine.close()


@pytest.mark.skipif(supports_gpu(), reason="this build has a GPU")
def test_a_build_without_a_gpu_says_cpu_whatever_is_asked_for(starter: Path, fingerprints: Path) -> None:
    options = LlamaOptions(context=256, threads=1, gpu_layers=99, memo=fingerprints)
    engine = LlamaEngine(starter, options, lambda _fraction: True)
    assert engine.info.device == "CPU"
    assert not any(device.is_gpu for device in devices())
    assert ask(engine, *ECHO, "Repeat: fish").text == "fish"
    engine.close()


def test_an_identity_that_cannot_be_remembered_is_told_all_the_same(
    starter: Path, starter_engine: LlamaEngine, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    options = LlamaOptions(context=256, threads=1, memo=blocked / "known.json")
    engine = LlamaEngine(starter, options, lambda _fraction: True)
    assert engine.fingerprint() == starter_engine.fingerprint()
    assert engine.fingerprint(wait=False) == starter_engine.fingerprint()
    engine.close()
