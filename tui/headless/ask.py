"""``tui ask``: one question, the answer on stdout as it comes, or one JSON object.

The same turn as the screen's; knows nothing of how arguments were given.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict, dataclass, replace

from engine.contract import Chunk, Sampling
from memory.recalled import Shown
from modes.voice import Voice
from tui.core import resuming
from tui.core.constraints import UNCONSTRAINED, Constraints
from tui.core.conversation import (
    SHORT_ID,
    Conversation,
    Dropped,
    Finished,
    Node,
    NotSaved,
    Reminded,
    Untrained,
    Unverified,
)
from tui.core.notices import Notices
from tui.core.plain import clean
from tui.core.session import Session
from tui.core.turn import Ask, Event
from tui.headless.inputs import not_held

SCHEMA = 1
#: Seconds that a question waits to be embedded: what it finds should not depend on how busy a machine is.
PATIENCE = 10.0
_ENDINGS = {
    "length": "cut off: the limit of tokens for one answer was reached",
    "context": "cut off: the context is full (a larger one: --context)",
    "stopped": "stopped",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question goes: a conversation, the message to follow, and what to speak in.

    ``turned``: the operator named another mode than the conversation's.
    """

    conversation: Conversation
    voice: Voice
    path: tuple[Node, ...] = ()
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says over the mode and the settings; None leaves it as it is."""

    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    constraints: Constraints = UNCONSTRAINED
    memory: bool | None = None

    def sampling(self, voice: Voice) -> Sampling:
        """The mode's sampling with these over it."""
        own = voice.lead.sampling.values()
        temperature = own.temperature if self.temperature is None else self.temperature
        return replace(own, temperature=temperature, seed=own.seed if self.seed is None else self.seed)


def place(session: Session, resume: str | None, mode: str | None) -> Place:
    """A new conversation, or the one that ``resume`` names, in its own mode unless ``mode`` is given.

    Raises `NoSuchConversation`, `VoiceError`, `resuming.Busy`.
    """
    if mode is not None:
        session.asked_for(session.catalog.voice(mode))
    if resume is None:
        voice = session.catalog.voice(session.config.mode)
        return Place(session.store.create(voice.spec), voice)
    found = resuming.find(session.store, resume)
    voice = resuming.voice_of(found, session.catalog) if mode is None else session.catalog.voice(mode)
    path = session.store.path(found.head) if found.head else []
    if path and path[-1].status == "streaming":
        raise resuming.Busy(
            f"conversation {found.id[:SHORT_ID]} is being answered by another program: "
            "wait for it to end, or ask without --resume"
        )
    return Place(found, voice, tuple(path), turned=voice.spec != found.mode)


def ask(session: Session, place: Place, question: str, wishes: Wishes, as_json: bool) -> int:
    """Answer ``question``; returns the exit code: 0 done, 1 failed. Raises `BadConstraint`."""
    notices = Notices()
    for notice in session.notices:
        notices.say(notice)
    memory = _recalls(session, place.conversation.id, wishes.memory)
    notices.wait(session.loader)
    _say_of_model(session, place, notices)
    _say_of_schema(wishes.constraints.json_schema, notices)
    parent = place.path[-1].id if place.path else None
    request = Ask(
        place.conversation.id,
        place.voice,
        question,
        parent,
        wishes.sampling(place.voice),
        wishes.max_tokens,
        wishes.constraints,
        memory,
    )
    with closing(session.turns().run(request)) as events:
        next(events)  # from here on the question is on record
        if place.turned:
            session.store.set_mode(place.conversation.id, place.voice.spec)
        answer = _run(events, notices, stream=not as_json)
    if as_json:
        sys.stdout.write(json.dumps(_as_json(answer)) + "\n")
    if answer.status in _ENDINGS:
        notices.say(_ENDINGS[answer.status])
    if answer.status == "failed":
        notices.say(f"tui: {answer.error}")
    return 1 if answer.status == "failed" else 0


def _recalls(session: Session, conversation: str, wish: bool | None) -> bool:
    """Whether to recall; what that needs is then on its way while the model is loaded."""
    memories = session.memories()
    wanted = memories is not None and (memories.on(conversation) if wish is None else wish)
    if memories is not None and wanted:
        memories.patience = PATIENCE
        memories.begin()
    return wanted


def _say_of_model(session: Session, place: Place, notices: Notices) -> None:
    engine = session.loader.wait()
    for note in engine.info.notes:
        notices.say(note)
    others = resuming.other_models(place.path, engine.info.name, engine.fingerprint(wait=False))
    if others:
        notices.say(others)


def _say_of_schema(schema: str | None, notices: Notices) -> None:
    if schema is not None and (free := not_held(schema)):
        notices.say(f"not enforced, check it yourself: {', '.join(free)} in the JSON schema")


def _run(events: Generator[Event, None, None], notices: Notices, stream: bool) -> Node:
    answer = None
    for event in events:
        if isinstance(event, Chunk):
            _show(event, notices, stream)
        elif isinstance(event, Dropped):
            notices.say(
                f"the {event.messages} oldest messages ({event.tokens:,} tokens) do not fit "
                "the context and were left out"
            )
        elif isinstance(event, Untrained | Unverified):
            notices.say(event.text)
        elif isinstance(event, Reminded):
            for note in event.notes:
                notices.say(note)
        elif isinstance(event, NotSaved):
            notices.say(f"the answer is not saved: {event.reason}")
        elif isinstance(event, Finished):
            answer = event.answer
    assert answer is not None, "a turn ends with Finished"
    if stream and not answer.content.endswith("\n"):
        sys.stdout.write("\n")
    sys.stdout.flush()
    return answer


def _show(chunk: Chunk, notices: Notices, stream: bool) -> None:
    if chunk.prefill is not None:
        notices.progress(f"reading {chunk.prefill.done:,}/{chunk.prefill.total:,} tokens")
        return
    if not stream:
        return
    if chunk.thinking:
        notices.thinking(chunk.thinking)
    if chunk.text:
        notices.clear()
        # A program or file gets it as it is, a terminal without what steers one.
        sys.stdout.write(clean(chunk.text) if sys.stdout.isatty() else chunk.text)
        sys.stdout.flush()


def _as_json(answer: Node) -> dict[str, object]:
    provenance = answer.provenance
    usage = answer.usage
    return {
        "schema": SCHEMA,
        "text": answer.content,
        "thinking": answer.thinking,
        "status": answer.status,
        "error": answer.error,
        "conversation": answer.conversation,
        "model": provenance.model if provenance else None,
        "mode": provenance.mode if provenance else None,
        "sampling": provenance.sampling if provenance else None,
        "constraints": provenance.constraints if provenance else None,
        "memories": [_shown(one) for one in answer.memories.shown] if answer.memories else [],
        "usage": usage
        and {**asdict(usage), "prefill_rate": usage.prefill_rate, "decode_rate": usage.decode_rate},
    }


def _shown(one: Shown) -> dict[str, object]:
    return {
        "id": one.id,
        "temperature": round(one.temperature, 1),
        "stage": one.stage,
        "relevance": round(one.relevance, 3),
        "domain": one.domain,
        "tokens": one.tokens,
        "text": one.content,
    }
