"""Turns that end early: stopped, closed, interrupted, or ended by a fault of our own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from engine.contract import Chunk
from modes.voice import Voice
from tests.tui.program import ENDLESS
from tests.tui.talk import asked, begun, finished, text_of
from tui.core.store import Store
from tui.core.turn import Event, Turns


def test_stop_from_another_thread_keeps_what_there_is(turns: Turns, store: Store, base: Voice) -> None:
    events: list[Event] = []
    for event in turns.run(asked(store, base, ENDLESS, None)):
        events.append(event)
        if isinstance(event, Chunk) and text_of(events).count(" ") == 3:
            stopper = threading.Thread(target=turns.stop, args=[begun(events).id])
            stopper.start()
            stopper.join()
    answer = finished(events)
    assert answer.status == "stopped"
    assert answer.content == text_of(events)
    assert 3 <= answer.content.count(" ") < 20, "within a few tokens"
    assert answer.usage is not None
    assert store.path(answer.id)[-1] == answer


@pytest.mark.parametrize("kind", ["before the reading", "while reading", "among the words"])
def test_closing_the_iterator_keeps_what_there_is_and_stops_the_engine(
    turns: Turns, store: Store, base: Voice, kind: str
) -> None:
    run = turns.run(asked(store, base, ENDLESS, None))
    events: list[Event] = [next(run)]
    wanted: Callable[[], bool] = {
        "before the reading": lambda: True,
        "while reading": lambda: len(events) > 1,
        "among the words": lambda: text_of(events).count(" ") > 2,
    }[kind]
    while not wanted():
        events.append(next(run))
    run.close()
    stored = store.path(begun(events).id)[-1]
    assert [stored.status, stored.content] == ["stopped", text_of(events)]
    following = finished(list(turns.run(asked(store, base))))
    assert following.usage is not None
    assert following.usage.first_token_seconds < 3, "the story would have taken the engine for longer"


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "stopped"), (ZeroDivisionError, "failed")])
def test_whatever_ends_a_turn_the_answer_does_not_stay_streaming(
    turns: Turns,
    store: Store,
    base: Voice,
    error: type[BaseException],
    status: str,
) -> None:
    run = turns.run(asked(store, base, ENDLESS, None))
    events: list[Event] = [next(run)]
    while not text_of(events):
        events.append(next(run))
    with pytest.raises(error):
        run.throw(error("Tell me"))
    stored = store.path(begun(events).id)[-1]
    assert [stored.status, stored.content] == [status, text_of(events)]
    assert "Tell me" not in (stored.error or ""), "only the fault's name: its words may be private"
