"""A real llama-server: what it tells, how it answers, and its adapters by request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.contract import AdapterRefused, BadConstraint, NotOffered, PromptTooLong, Scales, WrongBase
from engine.llama.engine import LlamaEngine
from engine.lowrank import Basis
from engine.remote.engine import RemoteEngine, RemoteOptions
from engine.remote.shelf import version_of
from tests.engine.conftest import Mode
from tests.engine.llama.answers import ENDLESS, ask, gather, request, talk
from tests.engine.random_modes import random_coefficients
from tests.engine.remote.servers import llama_server
from tui.core.exporting import write_mode

pytestmark = [pytest.mark.model, pytest.mark.xdist_group("llama-server")]

QUESTION = "Count from 1 to 20, separated by commas."
LAW = "Which section of 38 CFR covers secondary service connection? Answer with the section."
LEGAL: Scales = (("legal", 1.0),)
#: Tokens that every prompt begins with here, and a few more.
BEGINNING = 40


@pytest.fixture
def engine(llama_url: str, options: dict[str, Any]) -> Iterator[RemoteEngine]:
    one = RemoteEngine(llama_url, RemoteOptions(**options), lambda _fraction: True)
    yield one
    one.close()


def test_it_tells_what_it_is(engine: RemoteEngine, starter: Path) -> None:
    info = engine.info
    assert (info.name, info.architecture, info.path) == (starter.stem, "llama", starter)
    assert (info.context, info.trained_context, info.slots) == (1024, 8192, 2)
    assert "llama-server at http://127.0.0.1:" in info.device
    assert (info.prompt_only, info.notes) == (None, ())


def test_it_answers_as_the_same_model_does_here(engine: RemoteEngine, starter_engine: LlamaEngine) -> None:
    there, here = (ask(one, QUESTION) for one in (engine, starter_engine))
    assert there.text == here.text
    assert there.usage.prompt_tokens == here.usage.prompt_tokens
    assert there.usage.decode_tokens == here.usage.decode_tokens
    assert not there.usage.estimated


def test_reading_a_long_prompt_is_reported(engine: RemoteEngine) -> None:
    answer = ask(engine, "The river carries what the mountain gave away. " * 60, max_tokens=2)
    assert answer.reading[-1].done == answer.reading[-1].total == answer.usage.prompt_tokens


def test_tokens_are_counted_by_the_server(engine: RemoteEngine, starter_engine: LlamaEngine) -> None:
    for lines in (("hi",), ("What is ᏣᎳᎩ?", "A language.", "Whose?")):
        assert engine.count_tokens(talk(*lines)) == starter_engine.count_tokens(talk(*lines))


def test_an_answer_ends_after_the_tokens_that_were_allowed(engine: RemoteEngine) -> None:
    assert ask(engine, ENDLESS, max_tokens=3).done == "length"


def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers(engine: RemoteEngine) -> None:
    with pytest.raises(PromptTooLong) as refused:
        ask(engine, "river " * 1500)
    assert refused.value.tokens > refused.value.context == 1024


def test_cancelling_frees_the_servers_slot(engine: RemoteEngine, llama_url: str) -> None:
    def busy() -> bool:
        slots = httpx.get(f"{llama_url}/slots", trust_env=False).json()
        return any(slot["is_processing"] for slot in slots)

    one = request(ENDLESS, max_tokens=800)
    stream = engine.generate(one)
    while not next(stream).text:
        pass
    assert busy()
    engine.cancel(one.id)
    assert gather(stream).done == "cancelled"
    until = time.monotonic() + 30
    while busy() and time.monotonic() < until:
        time.sleep(0.05)
    assert not busy()


def test_a_form_is_held(engine: RemoteEngine) -> None:
    assert ask(engine, QUESTION, grammar='root ::= "Rome"').text == "Rome"
    schema = '{"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}'
    assert '"a"' in ask(engine, QUESTION, json_schema=schema, max_tokens=24).text
    with pytest.raises(BadConstraint, match="cannot be read"):
        ask(engine, QUESTION, json_schema="{")


def test_a_bias_takes_a_text_that_is_one_token(engine: RemoteEngine) -> None:
    assert ask(engine, QUESTION, max_tokens=2).text.startswith("1")
    assert not ask(engine, QUESTION, max_tokens=2, logit_bias=(("1", -100.0),)).text.startswith("1")
    with pytest.raises(BadConstraint, match="a bias is for one"):
        ask(engine, QUESTION, logit_bias=(("several tokens here", 1.0),))


def test_likelihoods_are_refused_plainly(engine: RemoteEngine) -> None:
    with pytest.raises(NotOffered, match="llama-server"):
        engine.score("a", ["b"])


class TestAdapters:
    """The server was started with ``legal``, and with another one, both at scale 1."""

    def test_a_mode_answers_as_it_does_here_and_the_base_stays_the_base(
        self, engine: RemoteEngine, starter_engine: LlamaEngine, legal: Mode
    ) -> None:
        for one in (engine, starter_engine):
            one.install("legal", *legal)
        try:
            for scales in (LEGAL, (), (("legal", 0.5),), LEGAL):
                there, here = (ask(one, LAW, scales=scales) for one in (engine, starter_engine))
                assert there.text == here.text, scales
            assert ask(engine, LAW, scales=LEGAL).text == "3.310"
        finally:
            starter_engine.remove("legal")
        engine.remove("legal")
        assert engine.installed() == ()

    def test_what_one_mode_has_read_is_never_used_by_another(
        self, starter: Path, options: dict[str, Any], legal: Mode, tmp_path: Path
    ) -> None:
        """The server keeps prompts apart by their tokens alone, whatever adapters they were read with."""
        file = tmp_path / f"legal-{version_of(*legal)}.gguf"
        write_mode("gguf", file, *legal, starter)
        with llama_server(starter, file, slots=1) as url:
            engine = RemoteEngine(url, RemoteOptions(**options), lambda _fraction: True)
            engine.install("legal", *legal)
            for first, then in (((), LEGAL), (LEGAL, ())):
                river = f"{len(first)} rivers carry what the mountain gave away. " * 8
                ask(engine, river, scales=first, max_tokens=1)
                ask(engine, "Which colours has a rainbow over a field? " * 5, scales=then, max_tokens=1)
                again = ask(engine, river, scales=then, max_tokens=1)
                assert again.usage.cached_tokens < BEGINNING
            engine.close()

    def test_another_version_is_refused_by_name(self, engine: RemoteEngine, legal: Mode) -> None:
        with pytest.raises(
            AdapterRefused, match=r"legal in another version \(legal-\w{8}, not legal-\w{8}\)"
        ):
            engine.install("legal", legal[0], random_coefficients(legal[0], 0.1, 7))

    def test_one_that_it_was_not_started_with_is_refused_with_the_remedy(
        self, engine: RemoteEngine, legal: Mode
    ) -> None:
        with pytest.raises(AdapterRefused, match="tui modes push even --to"):
            engine.install("even", *legal)

    def test_coefficients_for_another_base_are_refused(self, engine: RemoteEngine, legal: Mode) -> None:
        with pytest.raises(WrongBase):
            engine.install("legal", Basis(legal[0].modules, "another"), legal[1])

    def test_pushing_writes_a_file_and_says_how_it_gets_there(
        self, starter: Path, options: dict[str, Any], legal: Mode
    ) -> None:
        with llama_server(starter) as url:
            engine = RemoteEngine(url, RemoteOptions(**options), lambda _fraction: True)
            assert "started without --lora" in (engine.info.prompt_only or "")
            told = engine.push("legal", *legal)
            engine.close()
        (file,) = options["folder"].iterdir()
        assert f"--lora {file} --lora-init-without-apply" in told
        with llama_server(starter, file) as url:
            engine = RemoteEngine(url, RemoteOptions(**options), lambda _fraction: True)
            engine.install("legal", *legal)
            assert "has it already" in engine.push("legal", *legal)
            engine.close()
