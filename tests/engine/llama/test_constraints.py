"""Grammar, JSON schema, bias and thinking budget: what an answer is held to, by the starter model itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.contract import BadConstraint, GenerationFailed, Request, Sampling
from engine.llama.engine import LlamaEngine
from tests.engine.llama.answers import ask, ask_afresh, request

YES_OR_NO = 'root ::= "yes" | "no"'
CITY = {
    "type": "object",
    "properties": {
        "city": {"enum": ["Paris", "Rome"]},
        "people": {"type": "integer"},
        "by the sea": {"type": "boolean"},
    },
    "required": ["city", "people", "by the sea"],
    "additionalProperties": False,
}
HOT = Sampling(temperature=2.0, top_k=0, top_p=1.0, min_p=0.0, seed=3)
QUESTION = "Name a colour."


# Grammar and schema


@pytest.mark.parametrize("sampling", [Sampling(temperature=0.0), HOT], ids=["greedy", "hot"])
def test_an_answer_follows_its_grammar_to_the_end(starter_engine: LlamaEngine, sampling: Sampling) -> None:
    answer = ask(starter_engine, "Is the sky blue?", grammar=YES_OR_NO, sampling=sampling)
    assert answer.text in ("yes", "no")
    assert answer.done == "stop"


def test_a_grammar_may_be_in_any_script(starter_engine: LlamaEngine) -> None:
    assert ask(starter_engine, QUESTION, grammar='root ::= "ᏣᎳᎩ 😀"', max_tokens=40).text == "ᏣᎳᎩ 😀"


@pytest.mark.parametrize("seed", range(4))
def test_an_answer_that_is_held_to_a_schema_is_json_of_that_shape(
    starter_engine: LlamaEngine, seed: int
) -> None:
    hot = Sampling(temperature=1.5, seed=seed)
    answer = ask(
        starter_engine, "Tell me of a city.", json_schema=json.dumps(CITY), sampling=hot, max_tokens=80
    )
    assert answer.done == "stop"
    found = json.loads(answer.text)
    assert list(found) == ["city", "people", "by the sea"]
    assert found["city"] in ("Paris", "Rome")
    assert isinstance(found["people"], int)
    assert isinstance(found["by the sea"], bool)


def test_a_grammar_stops_at_the_limit_of_tokens_like_any_answer(starter_engine: LlamaEngine) -> None:
    answer = ask(starter_engine, QUESTION, grammar='root ::= "x"{500}', max_tokens=5)
    assert set(answer.text) == {"x"}
    assert answer.done == "length"


@pytest.mark.parametrize("grammar", [r'root ::= "\x00"', r'root ::= "a" "\x00" "b"'])
def test_a_grammar_that_the_model_has_no_token_for_ends_that_answer_only(
    starter_engine: LlamaEngine, grammar: str
) -> None:
    with pytest.raises(GenerationFailed, match="allows nothing that this model can write next"):
        ask(starter_engine, QUESTION, grammar=grammar)
    assert ask(starter_engine, QUESTION).text


def test_a_grammar_that_allows_everything_changes_nothing(starter_engine: LlamaEngine) -> None:
    held = ask_afresh(starter_engine, QUESTION, grammar="root ::= [^@]*", max_tokens=20)
    assert held.tokens == ask_afresh(starter_engine, QUESTION, max_tokens=20).tokens


def test_a_seed_repeats_an_answer_that_is_held_to_a_grammar(starter_engine: LlamaEngine) -> None:
    held = {"grammar": 'root ::= ([a-z]+ " ")+', "sampling": HOT}
    first = ask_afresh(starter_engine, QUESTION, **held)
    assert ask_afresh(starter_engine, QUESTION, **held).tokens == first.tokens
    assert set(first.text) <= set("abcdefghijklmnopqrstuvwxyz ")


def test_answers_with_and_without_a_grammar_do_not_disturb_each_other(starter_engine: LlamaEngine) -> None:
    plain = ask(starter_engine, QUESTION).text
    held = starter_engine.generate(request(QUESTION, grammar='root ::= "x"{1,1000}', max_tokens=20))
    next(held)
    assert ask(starter_engine, QUESTION).text == plain
    assert set("".join(chunk.text for chunk in held)) == {"x"}


# Bias


def test_a_token_that_is_biased_by_minus_a_hundred_does_not_come(starter_engine: LlamaEngine) -> None:
    first = ask(starter_engine, QUESTION).tokens[0]
    assert ask(starter_engine, QUESTION, logit_bias=((first, -100.0),)).tokens[0] != first


@pytest.mark.parametrize("token", ["yes", " yes"])
def test_a_token_that_is_biased_by_a_hundred_is_all_that_comes(
    starter_engine: LlamaEngine, token: str
) -> None:
    answer = ask(starter_engine, QUESTION, logit_bias=((token, 100.0),), max_tokens=3)
    assert answer.text == token * 3


def test_biases_of_one_token_add_up(starter_engine: LlamaEngine) -> None:
    both = (("yes", 100.0), ("yes", -200.0))
    assert "yes" not in ask(starter_engine, QUESTION, logit_bias=both).text


# Refused in words


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        ({"grammar": 'root ::= "a'}, "has to be GBNF with a rule called root"),
        ({"grammar": 'answer ::= "a"'}, "root"),
        ({"grammar": "root ::= missing"}, "root"),
        ({"grammar": 'root ::= root "a"'}, "root"),
        ({"grammar": " \n"}, "root"),
        ({"grammar": 'root ::= "a"\0'}, "root"),
        ({"grammar": YES_OR_NO, "json_schema": "{}"}, "give one of them"),
        ({"json_schema": "{bad"}, "JSONDecodeError"),
        ({"json_schema": "[1]"}, "correct it"),
        ({"json_schema": '{"type": "nonsense"}'}, "nonsense"),
        ({"json_schema": '{"$ref": "https://example.com/schema.json"}'}, "not allowed"),
        ({"json_schema": '{"a":' * 3000 + "1" + "}" * 3000}, "RecursionError"),
        ({"logit_bias": (("two words", 1.0),)}, "'two words' is 2 of them (11355, 1924)"),
        ({"logit_bias": (("", 1.0),)}, "a text that is one token"),
        ({"logit_bias": ((49_152, 1.0),)}, "the vocabulary has 49,152"),
        ({"logit_bias": ((-1, 1.0),)}, "there is no token -1"),
        ({"logit_bias": ((5, float("nan")),)}, "give a finite number"),
        ({"logit_bias": ((5, float("inf")),)}, "give a finite number"),
    ],
)
def test_what_cannot_be_followed_is_refused_in_words_and_the_engine_goes_on(
    starter_engine: LlamaEngine, constraint: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadConstraint) as refused:
        ask(starter_engine, QUESTION, **constraint)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 400
    with pytest.raises(BadConstraint):
        starter_engine.check(Request((), **constraint))
    assert ask(starter_engine, QUESTION).text


def test_what_can_be_followed_passes_the_check(starter_engine: LlamaEngine) -> None:
    starter_engine.check(Request((), grammar=YES_OR_NO, logit_bias=(("yes", 1.0),), thinking_budget=1))


# Thinking


@pytest.mark.parametrize(("budget", "thought"), [(1, "It"), (2, "It is"), (4, "It is 4"), (100, "It is 4.")])
def test_thinking_is_ended_when_its_budget_is_spent_and_the_answer_follows(
    thinker: LlamaEngine, budget: int, thought: str
) -> None:
    answer = ask(thinker, "four", thinking_budget=budget, max_tokens=20, stop=("Q:",))
    assert "".join(chunk.thinking for chunk in answer.chunks).strip() == thought
    assert answer.text
    assert "think" not in answer.text


def test_a_grammar_holds_the_answer_and_not_the_thinking_before_it(thinker: LlamaEngine) -> None:
    answer = ask(thinker, "four", grammar=YES_OR_NO, max_tokens=30)
    assert "".join(chunk.thinking for chunk in answer.chunks).strip() == "It is 4."
    assert answer.text in ("yes", "no")


def test_a_budget_that_ends_the_thinking_goes_together_with_a_grammar(thinker: LlamaEngine) -> None:
    for budget in (1, 2, 3):
        answer = ask(thinker, "four", grammar=YES_OR_NO, thinking_budget=budget, max_tokens=30)
        assert answer.text in ("yes", "no")


def test_a_budget_means_nothing_to_an_answer_without_thinking(starter_engine: LlamaEngine) -> None:
    ask(starter_engine, QUESTION)  # from here on the prompt is read in the same way each time
    assert ask(starter_engine, QUESTION, thinking_budget=1).text == ask(starter_engine, QUESTION).text
