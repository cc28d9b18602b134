"""A vLLM that several programs use, or that stands behind a proxy: as a server replays it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.contract import AdapterRefused, Message, ModelUnusable, NotOffered
from engine.fingerprint import fingerprint
from engine.lowrank import Basis, Coefficients
from engine.remote import wire
from engine.remote.engine import RemoteEngine, RemoteOptions
from engine.remote.shelf import Kept
from tests.engine.llama.answers import ask
from tests.engine.random_modes import random_basis, random_coefficients
from tests.engine.remote.conftest import Replayed
from tests.engine.remote.replaying import DONE, Answer, Replay, piece, replaying, said
from tests.engine.tiny import write_tiny_llama

LOAD, UNLOAD = "/v1/load_lora_adapter", "/v1/unload_lora_adapter"
GOOD = Answer([piece("Hello", "stop"), DONE])
LEGAL = (("legal", 1.0),)


def vllm(*adapters: str, **paths: list[Answer]) -> Replay:
    """One that has ``adapters`` already."""
    models = [{"id": "base", "owned_by": "vllm", "max_model_len": 1024}]
    models += [{"id": name, "owned_by": "vllm", "parent": "base"} for name in adapters]
    answers = {
        "/v1/models": [said(json.dumps({"data": models}))],
        "/tokenize": [said('{"tokens": [1, 2, 3]}')],
        LOAD: [said("{}")],
        UNLOAD: [said("{}")],
    }
    return Replay({**answers, **{f"/{name}": found for name, found in paths.items()}})


def lost(name: str) -> Answer:
    return said(json.dumps({"error": {"message": f"The model `{name}` does not exist.", "code": 404}}), 404)


def named(replay: Replay, path: str) -> list[str]:
    """The adapters that were loaded or unloaded, in this order."""
    return [body["lora_name"] for asked, body, _ in replay.asked if asked == path and body]


def write(form: str, target: Path, basis: Basis, coefficients: Coefficients, base: Path) -> None:
    target.mkdir()


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "TRIES", (0.01, 0.01))


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    base = write_tiny_llama(tmp_path / "base.gguf")
    return {"base": base, "folder": tmp_path / "adapters", "export": write}


@pytest.fixture
def legal(options: dict[str, Any]) -> tuple[Basis, Coefficients]:
    basis = random_basis({"blk.0.ffn_down.weight": (12, 8)}, 3, fingerprint(options["base"]) or "")
    return basis, random_coefficients(basis, 0.1, 1)


def test_an_adapter_that_another_program_brought_and_took_away_is_brought_again(
    replayed: Replayed, options: dict[str, Any], legal: tuple[Basis, Coefficients]
) -> None:
    label = Kept.of("legal", *legal).label
    engine, replay = replayed(lost(label), GOOD, replay=vllm(label), **options)
    engine.install("legal", *legal)
    assert named(replay, LOAD) == [], "it is there already"
    assert ask(engine, "hi", scales=LEGAL).text == "Hello"
    assert named(replay, LOAD) == [label]
    engine.close()
    assert named(replay, UNLOAD) == [label], "from now on it is ours"


def test_an_adapter_that_was_there_before_us_stays(
    replayed: Replayed, options: dict[str, Any], legal: tuple[Basis, Coefficients]
) -> None:
    label = Kept.of("legal", *legal).label
    engine, replay = replayed(GOOD, replay=vllm(label), **options)
    engine.install("legal", *legal)
    assert ask(engine, "hi", scales=LEGAL).text == "Hello"
    engine.close()
    assert named(replay, LOAD) == named(replay, UNLOAD) == []


@pytest.mark.parametrize("closed", [said("", 404), said("<html>Forbidden</html>", 403, "text/html")])
def test_who_may_only_ask_uses_what_was_pushed_and_is_told_of_the_rest(
    replayed: Replayed, options: dict[str, Any], legal: tuple[Basis, Coefficients], closed: Answer
) -> None:
    """docs/deploy.md: a proxy lets them load nothing."""
    label = Kept.of("legal", *legal).label
    engine, replay = replayed(GOOD, replay=vllm(label, **{LOAD[1:]: [closed]}), **options)
    assert engine.info.prompt_only is None
    assert any(label in note for note in engine.info.notes)
    engine.install("legal", *legal)
    assert ask(engine, "hi", scales=LEGAL).text == "Hello"
    assert replay.bodies()[-1]["model"] == label
    with pytest.raises(AdapterRefused, match="tui modes push"):
        engine.install("coding", *legal)


def test_a_vllm_that_loads_none_and_has_none_of_ours_is_prompt_only(
    replayed: Replayed, options: dict[str, Any]
) -> None:
    engine, _ = replayed(GOOD, replay=vllm("sql-lora", **{LOAD[1:]: [said("", 404)]}), **options)
    assert "--enable-lora" in (engine.info.prompt_only or "")


@pytest.mark.parametrize(
    "told", [said('{"detail": "Not Found"}', 404), said("<html>Forbidden</html>", 403, "text/html")]
)
def test_behind_a_proxy_that_lets_only_v1_through_tokens_are_guessed(
    replayed: Replayed, options: dict[str, Any], told: Answer
) -> None:
    engine, _ = replayed(GOOD, replay=vllm(tokenize=[told]), **options)
    assert any("tokens before an answer are guessed" in note for note in engine.info.notes)
    assert engine.count_tokens([Message("user", "hi")]) > 0
    assert ask(engine, "hi").text == "Hello"
    with pytest.raises(NotOffered, match="/tokenize"):
        engine.score("a", ["b"])


def test_a_vllm_that_cannot_count_now_cannot_be_used_and_says_why() -> None:
    broken = vllm(tokenize=[said('{"message": "out of memory"}', 500)])
    with replaying(broken) as served, pytest.raises(ModelUnusable, match="out of memory"):
        RemoteEngine(served.url, RemoteOptions(), lambda _fraction: True)


def test_hanging_up_on_a_vllm_that_has_gone_takes_no_longer_for_more_adapters(
    replayed: Replayed, options: dict[str, Any], legal: tuple[Basis, Coefficients]
) -> None:
    replay = vllm()
    engine, _ = replayed(GOOD, replay=replay, **options)
    for number in range(4):
        engine.install(f"mode{number}", legal[0], random_coefficients(legal[0], 0.1, number))
    replay.answers[UNLOAD] = [Answer([None])]
    engine.close()
    assert len(set(named(replay, UNLOAD))) == 1
