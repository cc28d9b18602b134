"""Several answers at once on one context: they flow together, and none is another's trouble."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.contract import BadConstraint, Chunk, Message, NotInstalled, Request, Sampling
from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.lowrank import Basis, Coefficients
from tests.engine.llama.answers import ENDLESS, Answer, ask, gather, request
from tests.engine.random_modes import random_basis, random_coefficients
from tests.engine.tiny import HIDDEN, LAYERS, WIDTH, write_tiny_llama, write_tiny_mamba

#: How far (in logits) a greedy token may be from the best one of a read in other batches.
ROUNDING = 0.05


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaEngine]:
    """Two layers of random weights in float32, two answers at once, and two modes, a and b."""
    path = write_tiny_llama(tmp_path_factory.mktemp("tiny") / "tiny.gguf")
    engine = LlamaEngine(path, LlamaOptions(context=1024, threads=1, slots=2), lambda _fraction: True)
    for seed, name in enumerate("ab"):
        engine.install(name, *mode(engine, seed))
    yield engine
    engine.close()


def mode(engine: LlamaEngine, seed: int) -> tuple[Basis, Coefficients]:
    base = engine.fingerprint()
    assert base is not None
    shapes = {f"blk.{layer}.ffn_down.weight": (WIDTH, HIDDEN) for layer in range(LAYERS)}
    basis = random_basis(shapes, 8, base)
    return basis, random_coefficients(basis, 0.5, seed)


def begun(stream: Iterator[Chunk], tokens: int = 3) -> list[Chunk]:
    """What has come when so many tokens are there."""
    seen: list[Chunk] = []
    while sum(len(chunk.tokens) for chunk in seen) < tokens:
        seen.append(next(stream))
    return seen


def endless(text: str, **fields: object) -> Request:
    return request(text, **{"max_tokens": None, **fields})


def at_once(engine: LlamaEngine, requests: list[Request]) -> list[Answer]:
    """Answers to requests that were all made before any of them is looked at."""
    streams = [engine.generate(one) for one in requests]
    return [gather(stream) for stream in streams]


def is_greedy(engine: LlamaEngine, asked: Request, answer: Answer) -> bool:
    """Whether every token of it is what the model alone, in that mode, thinks best."""
    prompt = engine._template.render(asked.messages)
    read = engine._model.prompt_tokens(prompt)
    rows = engine.logits([*read, *answer.tokens], asked.scales)[len(read) - 1 : -1]
    return all(row.max() - row[token] < ROUNDING for row, token in zip(rows, answer.tokens, strict=True))


def test_two_answers_flow_at_the_same_time(starter_engine: LlamaEngine) -> None:
    one, other = (starter_engine.generate(endless(f"{ENDLESS} {name}")) for name in "ab")
    for _ in range(3):
        assert begun(one)[-1].done is None
        assert begun(other)[-1].done is None
    for stream in (one, other):
        stream.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("scales", [((), ()), ((("a", 1.0),), (("a", 1.0),)), ((("a", 1.0),), (("b", 0.5),))])
def test_each_is_answered_as_if_it_were_alone(
    tiny: LlamaEngine, scales: tuple[tuple[object, ...], ...]
) -> None:
    asked = [request(f"question {i}", max_tokens=20, scales=s) for i, s in enumerate(scales)]
    for one, answer in zip(asked, at_once(tiny, asked), strict=True):
        assert len(answer.tokens) > 0
        assert is_greedy(tiny, one, answer)


def test_more_than_there_are_sequences_wait_and_are_all_answered(tiny: LlamaEngine) -> None:
    modes = ((), (("a", 1.0),), (("b", 1.0),))
    asked = [request(f"number {i}", max_tokens=8, scales=modes[i % 3]) for i in range(9)]
    answers = at_once(tiny, asked)
    assert all(answer.done in ("length", "stop") for answer in answers)
    assert all(is_greedy(tiny, one, answer) for one, answer in zip(asked, answers, strict=True))


def test_more_answers_at_once_than_a_batch_was_set_to_hold_are_all_answered(tmp_path: Path) -> None:
    path = write_tiny_llama(tmp_path / "tiny.gguf")
    options = LlamaOptions(context=256, threads=1, slots=12, batch=8)
    engine = LlamaEngine(path, options, lambda _fraction: True)
    asked = [request(f"number {i}", max_tokens=8) for i in range(12)]
    for one, answer in zip(asked, at_once(engine, asked), strict=True):
        assert is_greedy(engine, one, answer)
    engine.close()


def test_cancelling_one_touches_no_other(starter_engine: LlamaEngine) -> None:
    asked = [endless(f"{ENDLESS} {i}") for i in range(3)]
    streams = [starter_engine.generate(one) for one in asked]
    for stream in streams:
        begun(stream)
    starter_engine.cancel(asked[1].id)
    assert gather(streams[1]).done == "cancelled"
    for at in (0, 2):
        assert begun(streams[at], 5)[-1].done is None
        starter_engine.cancel(asked[at].id)
        assert gather(streams[at]).done == "cancelled"


def test_one_that_cannot_be_answered_touches_no_other(tiny: LlamaEngine) -> None:
    running = tiny.generate(request("go on", max_tokens=200))
    begun(running)
    for wrong, error in (
        (request("x", scales=(("nobody", 1.0),)), NotInstalled),
        (replace(request("x"), grammar="not a grammar"), BadConstraint),
    ):
        with pytest.raises(error):
            gather(tiny.generate(wrong))
    assert gather(running).done in ("length", "stop")
    assert ask(tiny, "and now?").done == "length"


def test_a_long_prompt_is_read_in_pieces_between_which_others_write(starter_engine: LlamaEngine) -> None:
    writing = starter_engine.generate(endless(ENDLESS))
    begun(writing)
    order: list[str] = []
    reader = threading.Thread(
        target=lambda: order.extend(
            "read" if chunk.prefill else "answer" for chunk in starter_engine.generate(request("word " * 700))
        )
    )
    reader.start()
    while reader.is_alive():
        order.extend("wrote" for _ in begun(writing, 1))
    writing.close()  # type: ignore[attr-defined]
    between = order[order.index("read") : len(order) - 1 - order[::-1].index("read")]
    assert between.count("read") > 700 // 256 + 2, "whole batches would have been fewer"
    assert between.count("wrote") >= between.count("read") // 2


def test_a_mode_that_is_replaced_or_removed_in_mid_answer_is_spoken_to_the_end(tiny: LlamaEngine) -> None:
    tiny.install("brief", *mode(tiny, 0))
    asked = request("go on", max_tokens=60, scales=(("brief", 1.0),))
    running = tiny.generate(asked)
    seen = begun(running)
    tiny.install("brief", *mode(tiny, 1))
    tiny.remove("brief")
    with pytest.raises(NotInstalled):
        ask(tiny, "again", scales=(("brief", 1.0),))
    answer = gather([*seen, *running])
    assert is_greedy(tiny, replace(asked, scales=(("a", 1.0),)), answer), "a has the same coefficients"


def test_going_back_to_a_mode_reads_only_what_that_mode_has_not_read(starter_engine: LlamaEngine) -> None:
    starter_engine.forget()
    question = "What is a river, and where does it go?"
    others = [f"{question} {i}" for i in range(8)]
    first = ask(starter_engine, question)
    for other in others:
        ask(starter_engine, other)
    again = ask(starter_engine, question, first.text, "And then?")
    assert again.usage.cached_tokens >= first.usage.prompt_tokens


def test_scoring_waits_for_its_turn_and_disturbs_nobody(tiny: LlamaEngine) -> None:
    expected = tiny.score("river", [" bank"])
    streams = [tiny.generate(request(f"go on {i}", max_tokens=100)) for i in range(3)]
    assert tiny.score("river", [" bank"])[0] == pytest.approx(expected[0], abs=0.05)
    assert {gather(stream).done for stream in streams} <= {"length", "stop"}


def test_a_recurrent_model_answers_again_without_reading_again(tmp_path: Path) -> None:
    path = write_tiny_mamba(tmp_path / "tiny.gguf")
    engine = LlamaEngine(path, LlamaOptions(context=512, threads=1, slots=2), lambda _fraction: True)
    first = ask(engine, "Tell me of the river.", max_tokens=5)
    again = ask(engine, "Tell me of the river.", max_tokens=5)
    assert again.usage.cached_tokens == first.usage.prompt_tokens - 1
    assert again.tokens == first.tokens
    engine.close()


def test_closing_ends_all_of_them(tmp_path: Path) -> None:
    path = write_tiny_llama(tmp_path / "tiny.gguf")
    engine = LlamaEngine(path, LlamaOptions(context=1024, threads=1, slots=2), lambda _fraction: True)
    streams = [
        engine.generate(Request((Message("user", f"go on {i}"),), Sampling(temperature=5.0)))
        for i in range(4)
    ]
    begun(streams[0])
    engine.close()
    assert {gather(stream).done for stream in streams} <= {"cancelled", "stop", "context"}
