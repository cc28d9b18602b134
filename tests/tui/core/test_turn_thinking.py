"""Thinking, from the starter model itself under a chat template that makes it think."""

from __future__ import annotations

from dataclasses import replace

from engine.contract import Chunk
from engine.llama.engine import LlamaEngine
from modes.voice import Voice
from tests.tui.talk import asked, begun, finished, text_of
from tui.core.constraints import Constraints
from tui.core.store import Store
from tui.core.turn import Turns
from tui.core.window import as_messages


def test_thinking_is_kept_apart_from_the_answer_and_not_read_again(
    thinker: LlamaEngine, store: Store, base: Voice
) -> None:
    voice = replace(base, parts=((replace(base.lead, stop=("\n",)), 1.0),))
    events = list(Turns(thinker, store).run(asked(store, voice, "four", 30)))
    answer = finished(events)
    thought = "".join(event.thinking for event in events if isinstance(event, Chunk))
    stored = store.path(answer.id)[-1]
    assert stored == answer
    assert stored.thinking == thought
    assert stored.thinking.strip() == "It is 4."
    assert stored.content == text_of(events) != ""
    assert "think" not in stored.content
    assert stored.status == "done"
    shown_next = as_messages(store.path(answer.id))
    assert [message.content for message in shown_next] == ["four", stored.content]


def test_an_answer_stopped_while_it_thinks_keeps_its_thoughts(
    thinker: LlamaEngine, store: Store, base: Voice
) -> None:
    run = Turns(thinker, store).run(asked(store, base, "five", 30))
    events = [next(run)]
    while not any(isinstance(event, Chunk) and event.thinking for event in events):
        events.append(next(run))
    run.close()
    stored = store.path(begun(events).id)[-1]
    assert [stored.status, stored.content] == ["stopped", ""]
    assert stored.thinking


def test_the_modes_budget_ends_the_thinking_and_the_commands_comes_before_it(
    thinker: LlamaEngine, store: Store, base: Voice
) -> None:
    frugal = replace(base.lead, stop=("\n",), thinking_budget=1)
    voice = replace(base, parts=((frugal, 1.0),))
    turn = asked(store, voice, "four", 12)
    answer = finished(list(Turns(thinker, store).run(turn)))
    assert answer.thinking.strip() == "It"
    assert answer.content
    assert answer.provenance is not None
    assert answer.provenance.constraints == {"thinking_budget": 1}
    longer = replace(turn, constraints=Constraints(thinking_budget=2))
    assert finished(list(Turns(thinker, store).run(longer))).thinking.strip() == "It is"
