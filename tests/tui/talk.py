"""Short words for the tests of turns: ask something, and read off what came of it."""

from __future__ import annotations

from engine.contract import Chunk, Sampling
from modes.voice import Voice
from tui.core.conversation import Finished as End
from tui.core.conversation import Node, Started
from tui.core.store import Store
from tui.core.turn import Ask, Event

GREEDY = Sampling(temperature=0.0)

#: The starter model's greedy answer has more than eight tokens.
COLOUR = "Name a colour."


def asked(store: Store, voice: Voice, question: str = COLOUR, tokens: int | None = 4) -> Ask:
    """A greedy first question in a conversation of its own."""
    return Ask(store.create(voice.spec).id, voice, question, None, GREEDY, tokens)


def text_of(events: list[Event]) -> str:
    """All words of the answer."""
    return "".join(event.text for event in events if isinstance(event, Chunk))


def begun(events: list[Event]) -> Node:
    """The answer as it was announced."""
    started = events[0]
    assert isinstance(started, Started)
    return started.answer


def finished(events: list[Event]) -> Node:
    """The answer at the end, which is told once and last."""
    last = events[-1]
    assert isinstance(last, End)
    assert sum(isinstance(event, End) for event in events) == 1
    return last.answer
