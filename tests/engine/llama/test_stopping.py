"""Answers that end early, requests that wait for one another, and an engine that is closed."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.contract import EngineError, NotInstalled, Request
from engine.llama.engine import LlamaEngine, LlamaOptions
from tests.engine.llama.answers import ENDLESS, GREEDY, Answer, ask, gather, request, talk

#: Takes the starter model seconds to read: a step of it is long over before all is.
LONG = "word " * 900


@pytest.fixture
def passing_engine(starter: Path, starter_engine: LlamaEngine, fingerprints: Path) -> Iterator[LlamaEngine]:
    """One that a test may close."""
    options = LlamaOptions(context=512, threads=1, memo=fingerprints)
    engine = LlamaEngine(starter, options, lambda _fraction: True)
    yield engine
    engine.close()


def cancelled_at(engine: LlamaEngine, wanted: Request, chunks: int) -> Answer:
    """An answer that is cancelled when so many of its chunks have come."""
    seen = []
    for chunk in engine.generate(wanted):
        seen.append(chunk)
        if len(seen) == chunks:
            engine.cancel(wanted.id)
    return gather(seen)


def test_cancelling_in_the_words_ends_them_within_a_few_tokens(starter_engine: LlamaEngine) -> None:
    answer = cancelled_at(starter_engine, request(ENDLESS, max_tokens=None), 6)
    assert answer.done == "cancelled"
    assert len(answer.tokens) < 200, "it would have been all that the context holds"
    assert answer.usage.decode_tokens == len(answer.tokens) - 1
    assert answer.text


def test_cancelling_while_the_prompt_is_read_ends_the_reading(starter_engine: LlamaEngine) -> None:
    answer = cancelled_at(starter_engine, request(LONG, max_tokens=None), 1)
    assert answer.done == "cancelled"
    assert [answer.text, answer.tokens] == ["", []]
    assert answer.reading[-1].done < answer.reading[-1].total == answer.usage.prompt_tokens
    assert answer.usage.decode_tokens == 0


def test_a_cancelled_answer_leaves_the_next_one_as_it_would_have_been(starter_engine: LlamaEngine) -> None:
    for wanted in (request(LONG), request(ENDLESS, max_tokens=None)):
        cancelled_at(starter_engine, wanted, 1)
        assert ask(starter_engine, "Repeat: red", "red", "Repeat: tree").text == "tree"


def test_a_request_that_waits_is_cancelled_before_it_begins(starter_engine: LlamaEngine) -> None:
    first, second = request(ENDLESS, max_tokens=None), request(LONG, max_tokens=None)
    running, waiting = starter_engine.generate(first), starter_engine.generate(second)
    next(running)
    starter_engine.cancel(second.id)
    starter_engine.cancel(first.id)
    answer = gather(waiting)
    assert [answer.done, answer.text] == ["cancelled", ""]
    assert gather(running).done == "cancelled"


def test_cancelling_what_is_unknown_or_over_is_nothing(starter_engine: LlamaEngine) -> None:
    over = request("Name a colour.", max_tokens=2)
    gather(starter_engine.generate(over))
    starter_engine.cancel(over.id)
    starter_engine.cancel("never asked")
    assert len(gather(starter_engine.generate(over)).tokens) == 2, "the same request may be made again"


@pytest.mark.parametrize("how", ["closed", "let go of", "closed before its first chunk", "never looked at"])
def test_an_answer_that_nobody_wants_any_more_does_not_hold_up_the_next(
    starter_engine: LlamaEngine, how: str
) -> None:
    wanted = request(ENDLESS, max_tokens=None)
    stream = starter_engine.generate(wanted)
    if how in ("closed", "let go of"):
        next(stream)
    if how.startswith("closed"):
        stream.close()  # type: ignore[attr-defined]
        assert next(stream, None) is None
    del stream
    gc.collect()
    assert ask(starter_engine, "Name a colour.", max_tokens=1).usage.first_token_seconds < 5, "not minutes"


def test_threads_that_ask_at_once_each_get_their_own_answer(starter_engine: LlamaEngine) -> None:
    words = ["fish", "blue", "seven", "moon"]
    together = threading.Barrier(len(words))

    def repeat(word: str) -> str:
        together.wait(10)
        return ask(starter_engine, "Repeat: red", "red", "Repeat: tree", "tree", f"Repeat: {word}").text

    with ThreadPoolExecutor(len(words)) as pool:
        assert list(pool.map(repeat, words)) == words


def test_counting_and_cancelling_go_on_while_an_answer_is_made(starter_engine: LlamaEngine) -> None:
    alone = starter_engine.count_tokens(talk("Name a colour."))
    running = request(ENDLESS, max_tokens=None)
    stream = starter_engine.generate(running)
    next(stream)
    assert starter_engine.count_tokens(talk("Name a colour.")) == alone
    starter_engine.cancel(running.id)
    assert gather(stream).done == "cancelled"


def test_a_fault_reaches_the_one_who_asked_and_no_one_else(starter_engine: LlamaEngine) -> None:
    with pytest.raises(NotInstalled, match="absent"):
        gather(starter_engine.generate(Request(talk("a"), GREEDY, scales=(("absent", 1.0),))))
    assert ask(starter_engine, "Repeat: red", "red", "Repeat: tree").text == "tree"


def test_closing_in_mid_answer_ends_it_and_all_that_wait(passing_engine: LlamaEngine) -> None:
    running = passing_engine.generate(request(ENDLESS, max_tokens=None))
    waiting = passing_engine.generate(request(ENDLESS, max_tokens=None))
    next(running)
    passing_engine.close()
    assert [gather(running).done, gather(waiting).done] == ["cancelled", "cancelled"]


def test_a_closed_engine_refuses_everything_with_an_error_of_ours(passing_engine: LlamaEngine) -> None:
    passing_engine.close()
    passing_engine.close()
    for use in (
        lambda: gather(passing_engine.generate(request("a"))),
        lambda: passing_engine.count_tokens(talk("a")),
        lambda: passing_engine.tokenize("a"),
        lambda: passing_engine.score("a", ["b"]),
        lambda: passing_engine.logits([1, 2]),
        lambda: passing_engine.remove("a"),
    ):
        with pytest.raises(EngineError, match="closed"):
            use()
    passing_engine.cancel("anything")


def test_threads_that_count_while_the_engine_is_closed_count_or_are_refused(
    passing_engine: LlamaEngine,
) -> None:
    counting = threading.Event()
    right = passing_engine.count_tokens(talk("Name a colour."))

    def count() -> int:
        seen = 0
        while True:
            try:
                assert passing_engine.count_tokens(talk("Name a colour.")) == right
            except EngineError:
                return seen
            seen += 1
            counting.set()

    with ThreadPoolExecutor(2) as pool:
        counts = [pool.submit(count) for _ in range(2)]
        assert counting.wait(10)
        passing_engine.close()
        assert all(future.result(10) >= 0 for future in counts)
