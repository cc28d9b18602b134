"""``tui ask``: one question, the answer on stdout as it comes, or one JSON object.

The same turn as the screen's; knows nothing of how arguments were given.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict
from typing import BinaryIO

from engine.contract import Chunk, Sampling
from modes.voice import Voice
from tui.core.conversation import Dropped, Finished, Node, NotSaved
from tui.core.session import Session
from tui.core.turn import Ask, Event
from tui.headless.output import Notices

SCHEMA = 1
_POLL = 0.1

_STAGES = {
    "loading": "loading the model",
    "tuning": "first use of this model: trying how it runs fastest here",
}
_ENDINGS = {
    "length": "cut off: the limit of tokens for one answer was reached",
    "context": "cut off: the context is full (a larger one: --context)",
    "stopped": "stopped",
}


class BadInput(ValueError):
    """Standard input that cannot be a question."""


def read_question(prompt: str | None, stdin: BinaryIO | None) -> str:
    """The question: ``prompt`` with stdin before it as context; ``-`` or none is stdin alone.

    ``stdin`` is None when nothing is piped in. Raises `BadInput`.
    """
    raw = stdin.read() if stdin else b""
    try:
        piped = raw.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise BadInput(
            f"standard input is not UTF-8 (byte 0x{raw[error.start]:02x} at offset {error.start}): "
            "convert it first, for example with iconv -f LATIN1 -t UTF-8"
        ) from None
    asked = "" if prompt in (None, "-") else (prompt or "").strip()
    question = "\n\n".join(part for part in (piped, asked) if part)
    if not question:
        raise BadInput("there is no question: give it as an argument or on standard input")
    return question


def overridden(voice: Voice, temperature: float | None, seed: int | None) -> Sampling:
    """The mode's sampling with what the command line says over it."""
    sampling = asdict(voice.lead.sampling.values())
    given = {"temperature": temperature, "seed": seed}
    return Sampling(**{**sampling, **{key: value for key, value in given.items() if value is not None}})


def ask(session: Session, request: Ask, as_json: bool) -> int:
    """Answer ``request``; returns the exit code: 0 done, 1 failed."""
    notices = Notices()
    for notice in session.notices:
        notices.say(notice)
    _wait_for_model(session, notices)
    for note in session.loader.wait().info.notes:
        notices.say(note)
    with closing(session.turns().run(request)) as events:
        answer = _run(events, notices, stream=not as_json)
    if as_json:
        sys.stdout.write(json.dumps(_as_json(answer)) + "\n")
    if answer.status in _ENDINGS:
        notices.say(_ENDINGS[answer.status])
    if answer.status == "failed":
        notices.say(f"tui: {answer.error}")
    return 1 if answer.status == "failed" else 0


def _wait_for_model(session: Session, notices: Notices) -> None:
    while True:
        try:
            session.loader.wait(_POLL)
        except TimeoutError:
            doing = _STAGES[session.loader.stage]
            notices.progress(f"{doing} {session.loader.progress:4.0%}")
        else:
            notices.clear()
            return


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
        sys.stdout.write(chunk.text)
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
        "usage": usage
        and {**asdict(usage), "prefill_rate": usage.prefill_rate, "decode_rate": usage.decode_rate},
    }
