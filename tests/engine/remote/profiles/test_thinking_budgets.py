"""Whether thinking is ended when its budget is spent: it is asked of a vLLM, and said where it is not so."""

from __future__ import annotations

import json

import pytest

from tests.engine.llama.answers import ask
from tests.engine.remote.conftest import Replayed
from tests.engine.remote.replaying import DONE, Answer, Replay, piece, said

GOOD = Answer([piece("Hello", "stop"), DONE])
VLLM = json.dumps({"data": [{"id": "m", "owned_by": "vllm", "parent": None, "max_model_len": 512}]})
TAKEN, REFUSED = said('{"choices": []}'), said('{"error": {"message": "thinking_token_budget"}}', 400)


def vllm(*answers: Answer) -> Replay:
    """One that gives these answers to a budget that is no number, and to one that is."""
    tokens = [said('{"tokens": [1, 2]}')]
    return Replay({"/v1/models": [said(VLLM)], "/v1/completions": list(answers), "/tokenize": tokens})


def test_a_vllm_that_ends_thinking_is_sent_the_budget(replayed: Replayed) -> None:
    engine, replay = replayed(GOOD, replay=vllm(REFUSED, TAKEN))
    assert ask(engine, "hi", thinking_budget=5).text == "Hello"
    assert replay.bodies()[-1]["thinking_token_budget"] == 5
    assert not any("thinking budget" in note for note in engine.info.notes)
    ask(engine, "hi")
    assert "thinking_token_budget" not in replay.bodies()[-1]


@pytest.mark.parametrize("answers", [(REFUSED, REFUSED), (TAKEN, TAKEN)], ids=["no parser", "old"])
def test_it_is_said_of_one_that_does_not(replayed: Replayed, answers: tuple[Answer, Answer]) -> None:
    engine, replay = replayed(GOOD, replay=vllm(*answers))
    assert any("a thinking budget is not held here" in note for note in engine.info.notes)
    assert ask(engine, "hi", thinking_budget=5).text == "Hello"
    assert "thinking_token_budget" not in replay.bodies()[-1]


def test_it_is_said_of_a_server_of_which_nothing_more_is_known(replayed: Replayed) -> None:
    engine, _ = replayed(GOOD)
    assert any("a thinking budget is not held here" in note for note in engine.info.notes)
