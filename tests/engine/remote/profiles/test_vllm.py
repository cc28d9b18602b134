"""A real vLLM on the starter, if VLLM_SERVER names one: `make test-vllm` starts it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from engine.contract import NotOffered, PromptTooLong
from engine.llama.engine import LlamaEngine
from engine.remote.engine import RemoteEngine, RemoteOptions
from tests.engine.conftest import Mode
from tests.engine.llama.answers import ask, talk
from tests.engine.random_modes import random_coefficients

URL = os.environ.get("VLLM_SERVER", "")
pytestmark = [pytest.mark.model, pytest.mark.skipif(not URL, reason="VLLM_SERVER names no vLLM")]

QUESTION = talk("What is the capital of France?")
LEGAL = (("legal", 1.0),)


@pytest.fixture
def engine(options: dict[str, Any]) -> Iterator[RemoteEngine]:
    one = RemoteEngine(URL, RemoteOptions(**options), lambda _fraction: True)
    yield one
    one.close()


def served() -> set[str]:
    models = httpx.get(f"{URL}/v1/models", trust_env=False).json()["data"]
    return {one["id"] for one in models if one["parent"]}


@pytest.mark.parametrize("scales", [(), LEGAL, (("legal", 0.5),)])
def test_likelihoods_are_those_of_the_same_weights(
    engine: RemoteEngine, starter_engine: LlamaEngine, legal: Mode, scales: tuple[tuple[str, float], ...]
) -> None:
    """The GGUF computes with eight bits where vLLM has floats, so they are near and not the same."""
    for one in (engine, starter_engine):
        one.install("legal", *legal)
    try:
        there, here = (one.score(QUESTION, ["Paris", "Rome"], scales) for one in (engine, starter_engine))
    finally:
        starter_engine.remove("legal")
    for found, known in zip(there, here, strict=True):
        assert found == pytest.approx(known, abs=0.6)


def test_an_adapter_is_a_model_of_its_own_until_it_is_replaced_or_removed(
    engine: RemoteEngine, legal: Mode
) -> None:
    before = served()
    engine.install("legal", *legal)
    (first,) = served() - before
    assert ask(engine, "hi", scales=LEGAL).text
    engine.install("legal", legal[0], random_coefficients(legal[0], 0.2, 7))
    (second,) = served() - before
    assert first != second
    engine.remove("legal")
    assert served() == before


def test_what_the_server_has_lost_is_brought_again(engine: RemoteEngine, legal: Mode) -> None:
    before = served()
    engine.install("legal", *legal)
    (name,) = served() - before
    httpx.post(f"{URL}/v1/unload_lora_adapter", json={"lora_name": name}, trust_env=False)
    assert ask(engine, "hi", scales=LEGAL).text


def test_closing_takes_what_is_ours_away_and_leaves_what_was_pushed(
    options: dict[str, Any], legal: Mode
) -> None:
    before = served()
    engine = RemoteEngine(URL, RemoteOptions(**options), lambda _fraction: True)
    engine.install("legal", legal[0], random_coefficients(legal[0], 0.1, 3))
    assert "answers with it now as model kept-" in engine.push("kept", *legal)
    engine.close()
    (pushed,) = served() - before
    assert pushed.startswith("kept-")
    httpx.post(f"{URL}/v1/unload_lora_adapter", json={"lora_name": pushed}, trust_env=False)


def test_tokens_are_counted_and_a_form_is_held(engine: RemoteEngine, starter_engine: LlamaEngine) -> None:
    assert engine.count_tokens(QUESTION) == starter_engine.count_tokens(QUESTION)
    assert ask(engine, "hi", grammar='root ::= "Rome"').text == "Rome"


def test_what_does_not_fit_or_cannot_be_scored_is_refused(engine: RemoteEngine) -> None:
    with pytest.raises(PromptTooLong):
        ask(engine, "river " * 9000)
    with pytest.raises(NotOffered, match="from its beginning"):
        engine.score("", ["a"])
