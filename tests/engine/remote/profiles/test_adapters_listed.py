"""Every adapter of a llama-server has a scale in every request, whatever it was started with meanwhile."""

from __future__ import annotations

import json

import pytest

from engine.contract import GenerationFailed
from tests.engine.llama.answers import ask
from tests.engine.remote.conftest import Replayed
from tests.engine.remote.replaying import DONE, Answer, Replay, piece, said

GOOD = Answer([piece("Hello", "stop"), DONE])
LOADING = said('{"error": {"message": "Loading model", "code": 503}}', 503)


def adapters(*paths: str) -> Answer:
    return said(json.dumps([{"id": number, "path": path, "scale": 1} for number, path in enumerate(paths)]))


def llama_server(*listed: Answer) -> Replay:
    """One that lists its adapters so, one time after the other."""
    return Replay(
        {
            "/v1/models": [said('{"data": [{"id": "m", "owned_by": "llamacpp"}]}')],
            "/props": [said('{"default_generation_settings": {"n_ctx": 512}, "total_slots": 1}')],
            "/apply-template": [said('{"prompt": "hi"}')],
            "/tokenize": [said('{"tokens": [1]}')],
            "/lora-adapters": list(listed),
        }
    )


def test_the_base_stays_the_base_when_the_server_was_started_again_with_a_mode(replayed: Replayed) -> None:
    engine, replay = replayed(GOOD, replay=llama_server(adapters(), adapters("legal-00000000.gguf")))
    ask(engine, "hi")
    assert replay.bodies()[-1]["lora"] == [{"id": 0, "scale": 0.0}]


def test_two_files_of_one_name_are_both_listed(replayed: Replayed) -> None:
    engine, replay = replayed(GOOD, replay=llama_server(adapters("a/legal.gguf", "b/legal.gguf")))
    ask(engine, "hi")
    assert replay.bodies()[-1]["lora"] == [{"id": 0, "scale": 0.0}, {"id": 1, "scale": 0.0}]


def test_one_that_does_not_tell_its_adapters_is_asked_for_none(replayed: Replayed) -> None:
    engine, replay = replayed(GOOD, replay=llama_server(said("", 404)))
    assert ask(engine, "hi").text == "Hello"
    assert "lora" not in replay.bodies()[-1]


def test_one_that_is_loading_again_is_not_taken_for_one_without_adapters(replayed: Replayed) -> None:
    engine, _ = replayed(GOOD, replay=llama_server(adapters("legal.gguf"), LOADING))
    with pytest.raises(GenerationFailed, match=r"cannot serve now \(503\): Loading model"):
        ask(engine, "hi")
