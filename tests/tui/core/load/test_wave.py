"""Requests that are sent at the same moment, and what is heard of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from engine.contract import Chunk, Request
from engine.llama.engine import LlamaEngine
from engine.remote.engine import RemoteEngine, RemoteOptions
from tests.engine.llama.answers import request
from tests.engine.remote.replaying import DONE, Answer, Replay, event, piece, replaying
from tui.core.load.wave import Crowd, heard, wave


def test_all_are_answered_and_each_piece_has_its_time(engine: LlamaEngine) -> None:
    found = wave(engine, [(name, request(f"{name}?", max_tokens=12)) for name in "abc"])
    assert [one.who for one in found] == ["a", "b", "c"]
    for one in found:
        assert not one.error
        assert one.first is not None
        assert one.first > 0
        assert list(one.arrived) == sorted(one.arrived)
        assert one.prompt > 0
        assert 0 < one.tokens <= 12


def test_an_answer_that_cannot_be_given_is_an_error_and_the_others_are_heard(engine: LlamaEngine) -> None:
    long, short = wave(engine, [("long", request("word " * 500)), ("short", request("word"))])
    assert "the context holds 512" in long.error
    assert long.rate is None
    assert not short.error


def test_what_was_heard_is_read_again_as_it_was_written(engine: LlamaEngine) -> None:
    (one,) = wave(engine, [("a", request("a?"))])
    assert heard(json.loads(json.dumps(one.told()))).told() == one.told()


def test_tokens_that_a_server_counts_are_taken_over_pieces() -> None:
    usage = event(choices=[], usage={"prompt_tokens": 9, "completion_tokens": 7})
    answer = Answer([piece("Hel"), piece("lo", "stop"), usage, DONE])
    with replaying(Replay().chat(answer)) as served:
        engine = RemoteEngine(served.url, RemoteOptions(), lambda _fraction: True)
        (one,) = wave(engine, [("base", request("hi"))])
        engine.close()
    assert (one.text, one.tokens, len(one.arrived), one.prompt) == ("Hello", 7, 2, 9)


def test_an_answer_that_breaks_off_keeps_the_times_of_what_came() -> None:
    with replaying(Replay().chat(Answer([piece("Hel")]))) as served:
        engine = RemoteEngine(served.url, RemoteOptions(), lambda _fraction: True)
        (one,) = wave(engine, [("base", request("hi"))])
        engine.close()
    assert "went away in mid-answer" in one.error
    assert (one.text, len(one.arrived)) == ("Hel", 1)


class Stuck:
    """An engine whose answers never come until they are cancelled."""

    def __init__(self) -> None:
        self.cancelled: dict[str, threading.Event] = {}

    def generate(self, asked: Request) -> Iterator[Chunk]:
        ended = self.cancelled.setdefault(asked.id, threading.Event())
        ended.wait()
        yield Chunk(done="cancelled")

    def cancel(self, request_id: str) -> None:
        self.cancelled.setdefault(request_id, threading.Event()).set()


def test_an_interrupted_wave_cancels_all_of_its_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = Stuck()
    joins = iter([KeyboardInterrupt])

    def interrupted(self: threading.Thread, timeout: float | None = None) -> None:
        for error in joins:
            raise error
        real(self, timeout)

    real = threading.Thread.join
    monkeypatch.setattr(threading.Thread, "join", interrupted)
    asked = [(name, request(name)) for name in "abc"]
    with pytest.raises(KeyboardInterrupt):
        wave(engine, asked)
    assert {one.id for _, one in asked} == set(engine.cancelled)


def test_a_crowd_talks_on_until_it_is_left(engine: LlamaEngine) -> None:
    asked: list[int] = []
    both = threading.Event()

    def question(number: int) -> Request:
        asked.append(number)
        if len(set(asked)) == 2 and len(asked) > 2:
            both.set()
        return request("and then?", max_tokens=2)

    with Crowd(engine, 2, question):
        assert both.wait(30)
    over = len(asked)
    assert not [one for one in threading.enumerate() if one.name.startswith("crowd")]
    assert len(asked) == over
