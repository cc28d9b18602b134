from __future__ import annotations

from dataclasses import replace

import pytest

from engine.contract import Chunk, Prefill, Usage
from tui.core.conversation import Finished, Node
from tui.ui.meter import Meter

USAGE = Usage(100, 60, 0.5, 0.75, 20, 2.0, 1)


def answering() -> Meter:
    meter = Meter().begin(10.0).chunk(Chunk(prefill=Prefill(100, 100)), 10.2)
    for step in range(5):
        meter = meter.chunk(Chunk(text="a", tokens=(step,)), 10.5 + step * 0.1)
    return meter


def test_phases_follow_the_turn() -> None:
    meter = Meter().begin(0.0)
    assert meter.phase == "waiting"
    meter = meter.chunk(Chunk(prefill=Prefill(64, 128)), 0.1)
    assert meter.phase == "reading" and meter.used == 64
    meter = meter.chunk(Chunk(thinking="hm", tokens=(1,)), 0.2)
    assert meter.phase == "thinking"
    assert meter.chunk(Chunk(text="so", tokens=(2,)), 0.3).phase == "answering"


def test_speeds_are_seen_live_and_replaced_by_what_the_engine_measured() -> None:
    live = answering()
    assert live.first_token == pytest.approx(0.5)
    assert live.decode_rate == pytest.approx(10.0)
    assert live.prefill_rate is None and live.used == 105
    done = live.finish(Finished(Node("n", None, "c", "assistant", "aaaaa", 0.0, usage=USAGE)))
    assert (done.phase, done.first_token, done.decode_rate, done.prefill_rate) == ("idle", 0.75, 10.0, 80.0)
    assert done.used == 121


def test_an_answer_that_was_never_measured_keeps_the_context_that_was_seen() -> None:
    done = answering().finish(Finished(Node("n", None, "c", "assistant", "", 0.0, status="stopped")))
    assert done.used == 105 and done.decode_rate is None


def test_an_answer_of_one_token_has_no_speed() -> None:
    usage = replace(USAGE, decode_tokens=0, decode_seconds=0.2)
    done = answering().finish(Finished(Node("n", None, "c", "assistant", "yes", 0.0, usage=usage)))
    assert done.decode_rate is None


def test_an_opened_conversation_shows_its_last_measured_answer() -> None:
    measured = Node("a", None, "c", "assistant", "x", 0.0, usage=USAGE)
    assert Meter.after([measured, Node("q", "a", "c", "user", "?", 0.0)]).used == 121
    assert Meter.after([]).used is None
