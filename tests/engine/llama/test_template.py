"""Chat templates and their whims: what a template refuses is folded into what it takes, never dropped."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llama_cpp import llama_chat_format as known

from engine.contract import GenerationFailed, Message
from engine.llama.template import ChatTemplate
from engine.turns import CHATML, fold_system, merge_roles

#: Refuses a system role and two messages of one role in a row, as Mistral published it.
MISTRAL = known.MISTRAL_INSTRUCT_CHAT_TEMPLATE

#: Says nothing, and leaves the system message out.
FORGETFUL = (
    "{{ bos_token }}{% for m in messages %}{% if m.role != 'system' %}"
    "[{{ m.role }}]{{ m.content }}{% endif %}{% endfor %}[assistant]"
)

#: Leaves out what was thought before earlier answers, and knows a switch.
THOUGHTFUL = (
    "{% for m in messages %}[{{ m.role }}]{{ m.content.split('</think>')[-1].lstrip('\\n') }}{% endfor %}"
    "[assistant]{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
)

SYSTEM, HELLO, HI, MORE = (
    Message("system", "Speak Cherokee."),
    Message("user", "Hello."),
    Message("assistant", "ᎣᏏᏲ."),
    Message("user", "More."),
)

talks = st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant"]), st.text("abcᎣ", min_size=1)),
    max_size=6,
)


def template(source: str | None) -> ChatTemplate:
    return ChatTemplate(source, bos="<s>", eos="</s>")


def test_a_template_that_takes_everything_is_given_everything_as_it_is() -> None:
    assert template(CHATML).render([SYSTEM, HELLO, HI, MORE]) == (
        "<|im_start|>system\nSpeak Cherokee.<|im_end|>\n"
        "<|im_start|>user\nHello.<|im_end|>\n"
        "<|im_start|>assistant\nᎣᏏᏲ.<|im_end|>\n"
        "<|im_start|>user\nMore.<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert template(CHATML).note is None


def test_a_conversation_is_rendered_up_to_an_answer_or_with_the_answer_in_it() -> None:
    plain = template(CHATML)
    asked = plain.plain([SYSTEM, HELLO], asking=True)
    assert asked == plain.render([SYSTEM, HELLO])
    whole = plain.plain([SYSTEM, HELLO, HI], asking=False)
    assert whole == f"{asked}ᎣᏏᏲ.<|im_end|>\n"
    assert "Speak Cherokee" in template(FORGETFUL).plain([SYSTEM, HELLO], asking=True)
    assert template(THOUGHTFUL).plain([HELLO], asking=True).endswith("</think>\n\n")


def test_a_template_that_refuses_a_system_role_gets_it_in_the_first_question() -> None:
    prompt = template(MISTRAL).render([SYSTEM, HELLO, HI, MORE])
    assert prompt.startswith("<s>[INST] Speak Cherokee.\n\nHello. [/INST]")
    assert prompt.endswith("[INST] More. [/INST]")


def test_a_template_that_leaves_the_system_message_out_gets_it_in_the_first_question() -> None:
    prompt = template(FORGETFUL).render([SYSTEM, HELLO, HI])
    assert prompt == "<s>[user]Speak Cherokee.\n\nHello.[assistant]ᎣᏏᏲ.[assistant]"


def test_a_template_that_insists_on_taking_turns_gets_neighbours_joined() -> None:
    prompt = template(MISTRAL).render([HELLO, MORE, HI, Message("user", "Again.")])
    assert "Hello.\n\nMore." in prompt
    assert prompt.count("[INST]") == 2


def test_a_system_message_in_mid_conversation_is_not_lost() -> None:
    prompt = template(MISTRAL).render([HELLO, HI, SYSTEM, MORE])
    assert [part.content in prompt for part in (HELLO, HI, SYSTEM, MORE)] == [True] * 4


@pytest.mark.parametrize("source", [known.LLAMA3_INSTRUCT_CHAT_TEMPLATE, known.CHATML_CHAT_TEMPLATE, CHATML])
def test_published_templates_that_take_a_system_role_are_left_alone(source: str) -> None:
    whole = template(source)
    assert whole.note is None
    assert "Speak Cherokee.\n\nHello." not in whole.render([SYSTEM, HELLO])
    assert whole.render([SYSTEM, HELLO]).index("Speak") < whole.render([SYSTEM, HELLO]).index("Hello.")


@given(talks)
def test_no_word_is_dropped_whatever_the_template_refuses(talk: list[Message]) -> None:
    if not talk or all(message.role == "assistant" for message in talk):
        return
    for source in (CHATML, FORGETFUL):
        prompt = template(source).render(talk)
        assert all(message.content in prompt for message in talk)


def test_a_conversation_that_a_template_refuses_in_any_form_is_an_error_of_ours() -> None:
    with pytest.raises(GenerationFailed, match="alternate"):
        template(MISTRAL).render([HI, HELLO])


def test_earlier_thinking_is_left_out_by_a_template_that_leaves_it_out() -> None:
    thought = Message("assistant", "<think>\nA greeting.\n</think>\n\nᎣᏏᏲ.")
    assert template(THOUGHTFUL).render([SYSTEM, HELLO, thought, MORE]) == (
        "[system]Speak Cherokee.[user]Hello.[assistant]ᎣᏏᏲ.[user]More.[assistant]"
    )


def test_thinking_is_switched_only_where_the_template_knows_a_switch() -> None:
    knows = template(THOUGHTFUL)
    asked = [knows.render([HELLO], thinking) for thinking in (None, True, False)]
    assert asked[0] == asked[1] == "[user]Hello.[assistant]"
    assert asked[2] == "[user]Hello.[assistant]<think>\n\n</think>\n\n"
    assert len({template(CHATML).render([HELLO], thinking) for thinking in (None, True, False)}) == 1
    assert [knows.thinks, template(CHATML).thinks] == [True, False]


def test_without_a_template_chatml_is_used_and_said() -> None:
    bare = template(None)
    assert bare.note == "the model file has no chat template: ChatML is used"
    assert bare.render([SYSTEM, HELLO]) == template(CHATML).render([SYSTEM, HELLO])
    assert bare.stops == ("<|im_end|>", "<|im_start|>"), "the vocabulary may not know them"


@pytest.mark.parametrize(
    "source",
    [
        "{% for m in messages %}",
        "{{ messages | no_such_filter }}",
        "{{ 'a' + tools }}",
        "{{ messages[0].content.no_such.thing }}",
        "{{ raise_exception('never') }}",
        "{{ messages[0].content.__class__.__mro__ }}",
    ],
)
def test_a_template_that_cannot_be_read_or_run_is_said_and_chatml_is_used(source: str) -> None:
    unfit = template(source)
    assert unfit.note is not None
    assert unfit.note.startswith("the model's chat template cannot be read (")
    assert unfit.note.endswith("): ChatML is used")
    assert unfit.render([SYSTEM, HELLO]) == template(CHATML).render([SYSTEM, HELLO])
    assert not unfit.thinks


def test_the_tags_that_templates_are_trained_with_are_read() -> None:
    source = "{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}" + (
        "{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}{{ strftime_now('%Y')[:2] }}"
    )
    assert template(source).note is None
    assert template(source).render([HELLO]).startswith("Hello.2")


def test_folding_without_a_question_makes_one() -> None:
    assert fold_system([SYSTEM, HI]) == [Message("user", "Speak Cherokee."), HI]
    assert fold_system([SYSTEM, SYSTEM]) == [Message("user", "Speak Cherokee.\n\nSpeak Cherokee.")]
    assert fold_system([HELLO, HI]) == [HELLO, HI]


@given(talks)
def test_folded_and_joined_talk_takes_turns_and_keeps_every_word(talk: list[Message]) -> None:
    roles = [message.role for message in merge_roles(fold_system(talk))]
    assert "system" not in roles
    assert all(one != other for one, other in pairwise(roles))
    words = "\n".join(message.content for message in merge_roles(fold_system(talk)))
    assert all(message.content in words for message in talk)


def test_an_answer_without_thinking_begins_after_the_end_of_thinking() -> None:
    forced = template("{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]<think>\n")
    assert forced.answer([HELLO]) == "[user]Hello.[assistant]<think>\n\n</think>\n\n"
    assert template(THOUGHTFUL).answer([HELLO]) == "[user]Hello.[assistant]<think>\n\n</think>\n\n"
    assert template(CHATML).answer([HELLO]) == template(CHATML).render([HELLO])
