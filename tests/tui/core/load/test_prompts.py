"""What the conversations of a load ask."""

from __future__ import annotations

from engine.llama.engine import LlamaEngine
from tests.tui.core.test_evaluate import choice_of
from tests.tui.small import Small
from tui.core.load.prompts import Prompts

WORN = {"first": (("first", 1.0),)}


def texts(prompts: Prompts, count: int = 6) -> list[str]:
    return [
        prompts.request(who, at, f"{count}.0m").messages[-1].content
        for at in range(count)
        for who in prompts.who
    ]


def test_the_base_and_every_mode_ask_questions_of_the_domains(small: Small, engine: LlamaEngine) -> None:
    prompts = Prompts(engine, choice_of(small), "salt", WORN, None)
    assert prompts.who == ("base", "first", "second")
    base, first, second = (prompts.request(who, 0, "t") for who in prompts.who)
    assert [one.content for one in base.messages] == ["salt t.0. first 0?"]
    assert [one.content for one in first.messages] == ["Be first.", "salt t.0. first 0?"]
    assert second.messages[-1].content == "salt t.0. second 0?"
    assert (base.scales, first.scales, second.scales) == ((), (("first", 1.0),), ())


def test_bare_is_the_same_question_without_coefficients(small: Small, engine: LlamaEngine) -> None:
    prompts = Prompts(engine, choice_of(small), "salt", WORN, None)
    worn, bare = (prompts.request("first", 1, "t", bare) for bare in (False, True))
    assert bare.messages == worn.messages
    assert bare.scales == ()


def test_no_two_of_a_wave_begin_alike_and_no_wave_as_another(small: Small, engine: LlamaEngine) -> None:
    prompts = Prompts(engine, choice_of(small), "salt", {}, 200)
    begins = {prompts.request("base", at, tag).messages[-1].content[:12] for at in range(6) for tag in "ab"}
    assert len(begins) == 12


def test_a_conversation_is_filled_to_its_depth_and_no_further(small: Small, engine: LlamaEngine) -> None:
    prompts = Prompts(engine, choice_of(small), "salt", WORN, 300)
    for at in range(3):
        for who in prompts.who:
            asked = prompts.request(who, at, "8.0m")
            assert 240 <= engine.count_tokens(asked.messages) <= 300
            assert asked.messages[-1].content.endswith("?")
    shallow = prompts.request("base", 0, "warm", filled=False)
    assert engine.count_tokens(shallow.messages) < 100
    assert prompts.crowd(1) != prompts.crowd(2)
    assert prompts.crowd(1).messages == prompts.crowd(1).messages
