"""A real mlx_lm.server: its stream with keep-alives, and adapters that it reads from a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.contract import BadConstraint, NotOffered
from engine.llama.engine import LlamaEngine
from engine.remote.engine import RemoteEngine, RemoteOptions
from tests.engine.conftest import Mode
from tests.engine.llama.answers import ENDLESS, ask, gather, request, talk

pytestmark = [pytest.mark.model, pytest.mark.xdist_group("mlx-server")]

QUESTION = "Count from 1 to 20, separated by commas."
LAW = "Which section of 38 CFR covers secondary service connection? Answer with the section."
LEGAL = (("legal", 1.0),)


@pytest.fixture
def engine(mlx_url: str, mlx_folder: Path, options: dict[str, Any]) -> Iterator[RemoteEngine]:
    one = RemoteEngine(mlx_url, RemoteOptions(model=str(mlx_folder), **options), lambda _fraction: True)
    yield one
    one.close()


def test_it_is_known_although_it_does_not_give_its_name(engine: RemoteEngine, mlx_folder: Path) -> None:
    info = engine.info
    assert info.name == mlx_folder.name
    assert "mlx_lm.server at" in info.device
    assert (info.context, info.prompt_only) == (8192, None)
    assert any("loads the model anew whenever the mode changes" in note for note in info.notes)


def test_it_answers_with_usage_and_tells_how_far_it_has_read(
    engine: RemoteEngine, starter_engine: LlamaEngine
) -> None:
    answer = ask(engine, QUESTION)
    assert answer.text == ask(starter_engine, QUESTION).text
    assert answer.reading
    assert answer.usage.prompt_tokens == starter_engine.count_tokens(talk(QUESTION))
    assert answer.done == "length"


def test_tokens_are_guessed_better_after_an_answer(engine: RemoteEngine, starter_engine: LlamaEngine) -> None:
    long = "The river carries what the mountain gave away. " * 10
    counted = starter_engine.count_tokens(talk(long))
    assert engine.count_tokens(talk(long)) != counted
    ask(engine, long, max_tokens=1)
    assert engine.count_tokens(talk(long)) == pytest.approx(counted, abs=2)


def test_an_answer_that_was_cancelled_leaves_the_server_free(engine: RemoteEngine) -> None:
    one = request(ENDLESS, max_tokens=800)
    stream = engine.generate(one)
    while not next(stream).text:
        pass
    engine.cancel(one.id)
    assert gather(stream).done == "cancelled"
    assert ask(engine, QUESTION, max_tokens=2).text


def test_a_mode_answers_as_it_does_here_and_the_base_stays_the_base(
    engine: RemoteEngine, starter_engine: LlamaEngine, legal: Mode
) -> None:
    for one in (engine, starter_engine):
        one.install("legal", *legal)
    try:
        for scales in (LEGAL, (), (("legal", 0.5),)):
            there, here = (ask(one, LAW, scales=scales) for one in (engine, starter_engine))
            assert there.text == here.text, scales
    finally:
        starter_engine.remove("legal")


def test_what_was_written_for_it_goes_with_the_engine_unless_it_was_pushed(
    mlx_url: str, mlx_folder: Path, options: dict[str, Any], legal: Mode
) -> None:
    engine = RemoteEngine(mlx_url, RemoteOptions(model=str(mlx_folder), **options), lambda _fraction: True)
    engine.install("legal", *legal)
    assert len(list(options["folder"].iterdir())) == 1
    engine.close()
    assert list(options["folder"].iterdir()) == []
    engine = RemoteEngine(mlx_url, RemoteOptions(model=str(mlx_folder), **options), lambda _fraction: True)
    assert str(mlx_folder) in engine.push("legal", *legal)
    engine.close()
    assert len(list(options["folder"].iterdir())) == 1


def test_without_the_path_of_its_model_modes_are_prompts_only(mlx_url: str, options: dict[str, Any]) -> None:
    engine = RemoteEngine(mlx_url, RemoteOptions(model="default_model", **options), lambda _fraction: True)
    assert "server_model" in (engine.info.prompt_only or "")
    assert ask(engine, QUESTION, max_tokens=2).text
    engine.close()


def test_forms_and_likelihoods_are_refused_plainly(engine: RemoteEngine) -> None:
    with pytest.raises(BadConstraint, match="holds answers to no form"):
        engine.check(request(QUESTION, grammar='root ::= "a"'))
    with pytest.raises(NotOffered):
        engine.score("a", ["b"])
