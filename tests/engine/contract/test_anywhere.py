"""What every engine promises, in this process or on a server: the same questions to the same model.

Every one of llama.cpp, MLX, llama-server, mlx_lm.server and vLLM passes it. What a server cannot do it must
refuse as docs/servers.md says; nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine.contract import (
    AdapterRefused,
    BadConstraint,
    Chunk,
    EngineError,
    NotInstalled,
    NotOffered,
    PromptTooLong,
    Sampling,
    Scales,
    WrongBase,
)
from engine.lowrank import Basis, Coefficients, Core
from modes.share.library import Shelved
from tests.engine.contract.places import Place
from tests.engine.llama.answers import ENDLESS, ask, at_once, gather, request, talk

LAW = "Which section of 38 CFR covers secondary service connection? Answer with the section."
FOX, WATER = "\N{FOX FACE}", "\N{WATER WAVE}"
EMOJI = f"Repeat: {(FOX + WATER) * 4}"
LEGAL: Scales = (("legal", 1.0),)
CODING: Scales = (("coding", 1.0),)
#: What the legal mode has learned; the base and the other modes do not say it.
SECTION = "3.310"


def spoken(stream: Iterator[Chunk]) -> list[Chunk]:
    """What has come when the first words are there."""
    seen = [next(stream)]
    while not seen[-1].text:
        seen.append(next(stream))
    return seen


# One answer


def test_the_model_is_described(anywhere: Place) -> None:
    info = anywhere.engine.info
    assert info.context >= 1024
    assert info.slots >= 2
    assert info.device
    assert info.prompt_only is None
    assert any("guessed" in note for note in info.notes) is not anywhere.offer.tokens


def test_all_reading_comes_before_all_words_and_the_last_chunk_alone_ends_it(anywhere: Place) -> None:
    stream = anywhere.engine.generate(request(LAW))
    answer = gather(stream)
    assert next(stream, None) is None
    assert all(chunk.done is None and chunk.usage is None for chunk in answer.chunks[:-1])
    kinds = ["read" if chunk.prefill else "said" for chunk in answer.chunks]
    assert kinds == sorted(kinds)
    assert sum(bool(chunk.text) for chunk in answer.chunks) > 2, "it comes in pieces"


def test_the_usage_adds_up(anywhere: Place) -> None:
    answer = ask(anywhere.engine, ENDLESS, sampling=Sampling(temperature=0.0, seed=7))
    usage = answer.usage
    assert not usage.estimated
    assert answer.done == "length"
    assert [usage.decode_tokens, usage.seed] == [7, 7]
    assert usage.prompt_tokens == 47, "as the template of the starter has it"
    assert 0 <= usage.cached_tokens <= usage.prompt_tokens
    assert 0 < usage.prefill_seconds <= usage.first_token_seconds
    assert usage.decode_seconds > 0
    if anywhere.offer.tokens:
        assert anywhere.engine.count_tokens(talk(ENDLESS)) == usage.prompt_tokens


def test_text_comes_in_whole_letters_even_when_the_last_one_is_cut_off(anywhere: Place) -> None:
    answer = ask(anywhere.engine, EMOJI, max_tokens=8)
    assert answer.text.startswith(FOX + WATER)
    assert {letter for chunk in answer.chunks for letter in chunk.text} == {FOX, WATER}


def test_an_answer_ends_before_a_stop_string_even_one_of_several_tokens(anywhere: Place) -> None:
    whole = ask(anywhere.engine, LAW, max_tokens=12).text
    stop = whole[6:12]
    answer = ask(anywhere.engine, LAW, stop=("never said", stop), max_tokens=40)
    assert [answer.done, answer.text] == ["stop", whole[: whole.index(stop)]]


def test_a_seed_repeats_an_answer(anywhere: Place) -> None:
    first, again = (
        ask(anywhere.engine, ENDLESS, sampling=Sampling(temperature=1.0, seed=7)).text for _ in "ab"
    )
    assert first == again


def test_cancelling_ends_the_words_and_leaves_the_next_answer_as_it_would_have_been(anywhere: Place) -> None:
    before = ask(anywhere.engine, LAW).text
    wanted = request(ENDLESS, max_tokens=800)
    stream = anywhere.engine.generate(wanted)
    seen = spoken(stream)
    anywhere.engine.cancel(wanted.id)
    answer = gather([*seen, *stream])
    assert answer.done == "cancelled"
    assert answer.usage.decode_tokens < 700
    assert ask(anywhere.engine, LAW).text == before
    anywhere.engine.cancel(wanted.id)
    anywhere.engine.cancel("never asked")


def test_an_answer_that_nobody_wants_any_more_does_not_hold_up_the_next(anywhere: Place) -> None:
    streams = [anywhere.engine.generate(request(ENDLESS, max_tokens=800)) for _ in range(2)]
    spoken(streams[0])
    for stream in streams:
        stream.close()  # type: ignore[attr-defined]
        assert next(stream, None) is None
    assert ask(anywhere.engine, LAW, max_tokens=2).text


# Modes


def test_off_is_the_base_after_any_switch_and_a_scale_of_zero_is_off(anywhere: Place) -> None:
    engine = anywhere.engine
    before = ask(engine, LAW).text
    assert ask(engine, LAW, scales=LEGAL).text == SECTION
    assert ask(engine, LAW).text == ask(engine, LAW, scales=(("legal", 0.0),)).text == before
    other = ask(engine, LAW, scales=CODING).text
    assert ask(engine, LAW, scales=LEGAL).text == SECTION
    assert len({before, other, SECTION}) == 3


def test_a_blend_is_the_sum_of_its_parts(anywhere: Place) -> None:
    halves, mixed = (("legal", 0.5), ("legal", 0.5)), (("legal", 0.5), ("coding", 0.5))
    assert ask(anywhere.engine, LAW, scales=halves).text == SECTION
    blended = ask(anywhere.engine, LAW, scales=mixed).text
    assert blended == ask(anywhere.engine, LAW, scales=mixed[::-1]).text
    assert blended not in {SECTION, *(ask(anywhere.engine, LAW, scales=one).text for one in (CODING, ()))}


def test_many_at_once_in_different_modes_are_each_answered_in_their_own(anywhere: Place) -> None:
    scales: list[Scales] = [LEGAL, (), LEGAL, ()]
    alone = ask(anywhere.engine, LAW, max_tokens=3).text
    asked = [request(LAW, scales=one, max_tokens=8 if one else 3) for one in scales]
    answers = at_once(anywhere.engine, asked)
    assert [answer.text for answer in answers] == [SECTION, alone, SECTION, alone]


def test_one_that_is_removed_is_no_longer_known(anywhere: Place, shipped: Shelved) -> None:
    engine = anywhere.engine
    engine.remove("coding")
    try:
        assert engine.installed() == ("legal",)
        with pytest.raises(NotInstalled, match=r"coding.*installed: legal"):
            gather(engine.generate(request(LAW, scales=CODING)))
        with pytest.raises(NotInstalled):
            engine.remove("coding")
    finally:
        engine.install("coding", shipped.basis, shipped.modes["coding"])


def test_what_does_not_fit_is_not_installed_and_leaves_the_old_one_in_place(
    anywhere: Place, shipped: Shelved
) -> None:
    engine, legal = anywhere.engine, shipped.modes["legal"]
    with pytest.raises(WrongBase, match="0" * 12):
        engine.install("legal", Basis(shipped.basis.modules, "0" * 64), legal)
    unfit = Coefficients({name: Core(np.eye(3, dtype=np.float32)) for name in legal.cores})
    with pytest.raises(AdapterRefused, match=r"legal cannot be installed.*core of size 3"):
        engine.install("legal", shipped.basis, unfit)
    assert ask(engine, LAW, scales=LEGAL).text == SECTION


# What only some can, and what none can


def test_a_form_is_held_or_refused(anywhere: Place) -> None:
    grammar, schema = {"grammar": 'root ::= "Rome"'}, {"json_schema": '{"const": "Rome"}'}
    for offered, form in ((anywhere.offer.grammars, grammar), (anywhere.offer.schemas, schema)):
        if offered:
            anywhere.engine.check(request(LAW, **form))
            assert ask(anywhere.engine, LAW, **form).text.strip('" \n') == "Rome"
        else:
            with pytest.raises(BadConstraint):
                anywhere.engine.check(request(LAW, **form))
            with pytest.raises(BadConstraint):
                ask(anywhere.engine, LAW, **form)
    with pytest.raises(BadConstraint):
        ask(anywhere.engine, LAW, json_schema="{")
    assert ask(anywhere.engine, LAW, max_tokens=1).text, "the engine goes on"


def test_a_bias_moves_a_token_that_is_named_by_number_or_by_its_text(anywhere: Place) -> None:
    assert ask(anywhere.engine, LAW, logit_bias=((56, 100.0),), max_tokens=3).text == "HHH"
    biased = {"logit_bias": (("H", 100.0),), "max_tokens": 2}
    if anywhere.offer.tokens:
        assert ask(anywhere.engine, LAW, **biased).text == "HH"
        with pytest.raises(BadConstraint, match="a bias is for one"):
            ask(anywhere.engine, LAW, logit_bias=(("several tokens here", 1.0),))
    else:
        with pytest.raises(BadConstraint, match="tells no tokens"):
            ask(anywhere.engine, LAW, **biased)


def test_likelihoods_are_told_or_refused(anywhere: Place) -> None:
    ends = [SECTION, "4.16"]
    if not anywhere.offer.likelihoods:
        with pytest.raises(NotOffered):
            anywhere.engine.score(talk(LAW), ends)
        return
    before = anywhere.engine.score(talk(LAW), ends)
    right, wrong = (sum(one) for one in anywhere.engine.score(talk(LAW), ends, LEGAL))
    assert right > wrong + 5
    assert right > sum(before[0]) + 5
    assert [len(one) for one in before] == [5, 4]
    assert anywhere.engine.score(talk(LAW), ends) == before, "off is the base to the last digit"


def test_a_thinking_budget_is_held_or_it_is_said_that_it_is_not(anywhere: Place) -> None:
    said = any("thinking budget" in note for note in anywhere.engine.info.notes)
    assert said is not anywhere.offer.budgets
    assert ask(anywhere.engine, LAW, thinking_budget=5, max_tokens=2).text


def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers(anywhere: Place) -> None:
    with pytest.raises(PromptTooLong) as refused:
        ask(anywhere.engine, "river " * 12_000)
    assert refused.value.tokens > refused.value.context == anywhere.engine.info.context
    assert ask(anywhere.engine, LAW, max_tokens=1).text, "the engine goes on"


def test_a_closed_engine_refuses_everything_with_an_error_of_ours(anywhere: Place) -> None:
    engine = anywhere.opened()
    stream = engine.generate(request(ENDLESS, max_tokens=800))
    spoken(stream)
    engine.close()
    engine.close()
    assert gather(stream).done == "cancelled"
    with pytest.raises(EngineError, match="closed"):
        gather(engine.generate(request(LAW)))
