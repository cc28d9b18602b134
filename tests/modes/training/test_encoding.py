"""What is trained is token for token what the engine reads and writes; each step takes its own samples."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import TemplateError

from engine.contract import Message
from engine.llama.engine import LlamaEngine
from modes.training.data import BadData, Sample
from modes.training.encoding import Encoded, Encoder, Order, batched
from modes.training.hub import HubWording
from tests.modes.training.small import samples

SYSTEM = Message("system", "You are a clerk.\nBe exact; é, ᎣᏏᏲ and 🦊 too.")
ASKED = (Message("user", "  Which section?\n"),)
TALK = (*ASKED, Message("assistant", "38 CFR 3.303."), Message("user", "And <|im_end|> then?"))


@pytest.fixture(scope="session")
def tokenizer(starter: Path) -> Any:
    at: Any = {"gguf_file": starter.name, "local_files_only": True}
    return transformers.AutoTokenizer.from_pretrained(starter.parent, **at)


@pytest.mark.model
@pytest.mark.parametrize("messages", [ASKED, (SYSTEM, *ASKED), TALK, (SYSTEM, *TALK)])
def test_the_prompt_has_the_tokens_that_the_engine_reads(
    starter_engine: LlamaEngine, tokenizer: Any, messages: tuple[Message, ...]
) -> None:
    found = Encoder(HubWording(tokenizer), 2048).encoded(Sample(messages, "The first.", "here"))
    prompt = starter_engine._template.render(messages)
    assert list(found.tokens[: found.start]) == starter_engine._model.prompt_tokens(prompt)


@pytest.mark.model
def test_the_answer_ends_with_the_token_at_which_the_engine_stops(
    starter_engine: LlamaEngine, tokenizer: Any
) -> None:
    answer = "Ꭳ, 38 CFR 3.303 (a)."
    found = Encoder(HubWording(tokenizer), 2048).encoded(Sample(ASKED, answer, "here"))
    *said, last = found.tokens[found.start :]
    assert said == starter_engine._model.tokenize(answer, special=False, parse=False)
    assert last == tokenizer.convert_tokens_to_ids("<|im_end|>") == tokenizer.eos_token_id


@pytest.mark.model
def test_what_is_too_long_is_named_with_its_line(tokenizer: Any) -> None:
    sample = Sample(ASKED, "word " * 200, "chat.jsonl, line 7")
    with pytest.raises(BadData, match=r"chat.jsonl, line 7: 2\d\d tokens, and 100 are the most"):
        Encoder(HubWording(tokenizer), 100).encoded(sample)


class Characters:
    """A tokenizer of letters whose template is a function: for what templates may do."""

    chat_template = "theirs"
    bos_token, bos_token_id = "^", ord("^")
    eos_token: str | None = "$"

    def __init__(self, template: Any) -> None:
        self.template = template

    def __call__(self, text: str, add_special_tokens: bool = True) -> Any:
        return SimpleNamespace(
            input_ids=[ord(letter) for letter in ("^" if add_special_tokens else "") + text]
        )

    def apply_chat_template(self, turns: list[dict[str, str]], add_generation_prompt: bool, **_: Any) -> str:
        return str(self.template(turns, add_generation_prompt))


def plainly(turns: list[dict[str, str]], asking: bool) -> str:
    return "".join(f"[{one['role'][0]}]{one['content']}\n" for one in turns) + ("[a]" if asking else "")


def text(found: Encoded) -> tuple[str, str]:
    whole = "".join(map(chr, found.tokens))
    return whole[: found.start], whole[found.start :]


def test_what_a_vocabulary_wants_before_every_text_is_there_once() -> None:
    sample = Sample(ASKED, "x", "here")
    assert text(Encoder(HubWording(Characters(plainly)), 99).encoded(sample))[0].startswith("^[u]")
    wrote = Characters(lambda turns, asking: "^" + plainly(turns, asking))
    assert text(Encoder(HubWording(wrote), 99).encoded(sample))[0].startswith("^[u]")


def test_without_an_end_of_text_none_is_made_up() -> None:
    """A template that writes answers otherwise than it asks for them, and a vocabulary without an end."""
    odd = Characters(lambda turns, asking: f"<{len(turns)}{asking}>")
    sample = Sample(ASKED, "A", "here")
    assert text(Encoder(HubWording(odd), 99).encoded(sample))[1] == "A$"
    odd.eos_token = None
    assert HubWording(odd).eos == ""
    assert text(Encoder(HubWording(odd), 99).encoded(sample))[1] == "A"


def test_a_template_without_a_system_role_gets_it_in_the_question() -> None:
    def refusing(turns: list[dict[str, str]], asking: bool) -> str:
        if turns[0]["role"] == "system":
            raise TemplateError("System role not supported")
        return plainly(turns, asking)

    found = Encoder(HubWording(Characters(refusing)), 99).encoded(
        Sample((Message("system", "S"), Message("user", "Q")), "A", "here")
    )
    assert text(found) == ("^[u]S\n\nQ\n[a]", "A")
    assert found.system == "S"


def test_a_template_that_refuses_everything_is_told_with_the_line() -> None:
    def refusing(_turns: list[dict[str, str]], _asking: bool) -> str:
        raise TemplateError("never")

    with pytest.raises(
        BadData, match=r"line 3: the model's chat template refuses this conversation \(never\)"
    ):
        Encoder(HubWording(Characters(refusing)), 99).encoded(Sample(ASKED, "A", "line 3"))


def test_an_answer_is_learned_after_the_end_of_thinking() -> None:
    thinking = Characters(lambda turns, asking: plainly(turns, asking) + ("<think>\n" if asking else ""))
    prompt, ending = text(Encoder(HubWording(thinking), 99).encoded(Sample(ASKED, "A", "here")))
    assert prompt.endswith("[a]<think>\n\n</think>\n\n")
    assert ending == "A$"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40), st.integers(1, 9), st.integers(0, 3))
def test_every_sample_comes_once_before_any_of_its_group_again(
    systems: list[str], size: int, seed: int
) -> None:
    order = Order(systems, size, seed)
    seen: Counter[int] = Counter()
    for step in range(30):
        taken = order.taken(step)
        assert len(taken) == size
        seen.update(taken)
        for group in order._groups:
            counts = [seen[at] for at in group]
            assert max(counts) - min(counts) <= 1
    again = Order(systems, size, seed)
    assert [again.taken(step) for step in range(5)] == [order.taken(step) for step in range(5)]
    assert Order(systems, size, seed).taken(17) == order.taken(17), "any step can be the first asked for"


def test_a_step_is_of_one_system_prompt_and_those_with_few_samples_come_together() -> None:
    systems = ["a"] * 20 + ["b"] * 10 + ["c"] * 2 + ["d"] * 3
    order = Order(systems, 5, 0)
    found = Counter("".join(sorted({systems[at] for at in order.taken(step)})) for step in range(14))
    assert found == {"a": 8, "b": 4, "cd": 2}, "in turns by their sizes"


def test_another_seed_is_another_order() -> None:
    assert Order(["a"] * 50, 50, 0).taken(0) != Order(["a"] * 50, 50, 1).taken(0)


def test_the_token_before_an_answer_is_never_in_the_common_beginning() -> None:
    one = Encoded(tuple(range(20)), 15)
    batch = batched([one, one], 0)
    assert len(batch.shared) == 14
    assert batch.tokens.tolist() == [[14, 15, 16, 17, 18, 19]] * 2
    assert batch.labels.tolist() == [[-100, 15, 16, 17, 18, 19]] * 2
    assert batch.mask.shape == (2, 20)


def test_a_beginning_of_few_tokens_is_not_read_apart() -> None:
    assert len(batched(samples(4, prefix=(1, 2, 3)), 0).shared) == 0


def test_padding_is_neither_read_nor_learned() -> None:
    batch = batched([Encoded((5, 6, 7), 2), Encoded((5, 6, 7, 8, 9), 3)], 0)
    assert batch.tokens.tolist()[0] == [5, 6, 7, 0, 0]
    assert batch.mask.tolist()[0] == [1, 1, 1, 0, 0]
    assert batch.labels.tolist() == [[-100, -100, 7, -100, -100], [-100, -100, -100, 8, 9]]
