"""What is learned from: conversations in chat form, from a JSONL file or from a domain's examples.

It must not know tokens or tensors.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast, get_args

from engine.contract import Message, Role
from modes.evaluation.item import Example

#: Of the samples, how many are kept to see how well those are answered that were not trained.
VALIDATION = 0.1
#: More questions say little more, and a look at them takes as long as many steps.
_MOST_KEPT = 80
_ROLES = get_args(Role)


class BadData(ValueError):
    """Nothing can be learned from this; the text says which file and line, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An answer to be learned after the messages before it. ``where`` names its source for messages."""

    messages: tuple[Message, ...]
    answer: str
    where: str


def read_chat(path: Path) -> list[Sample]:
    """Every assistant's turn of a JSONL file, a conversation a line, each as a sample of its own.

    A line is ``{"messages": [{"role", "content"}, …]}`` or ``{"prompt", "completion"}``. What is there twice
    counts once. Raises `BadData`.
    """
    try:
        # Lines end where JSONL's end: a text may have other separators in it.
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        raise BadData(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadData(f"{path}, line {line}: not UTF-8 (byte {error.start}): save it as UTF-8") from error
    samples = [
        sample
        for number, line in enumerate(lines, 1)
        if line.strip()
        for sample in _samples(line, f"{path}, line {number}")
    ]
    if not samples:
        raise BadData(f"{path} has no conversation in it: one JSON object a line is needed")
    unique = _unique(samples)
    if len(unique) == 1 and len(samples) > 1:
        raise BadData(
            f"{path}: all {len(samples)} conversations are the same one: nothing to generalise from"
        )
    return unique


def from_examples(examples: Iterable[Example], where: str) -> list[Sample]:
    """Each example as a question and its answer. Raises `BadData` for none."""
    found = _unique(Sample((Message("user", one.prompt),), one.answer, where) for one in examples)
    if not found:
        raise BadData(f"{where} has no examples to learn from: give a file (--data)")
    return found


def in_prompt(samples: Iterable[Sample], prompt: str) -> list[Sample]:
    """The samples, and those without a system message once more with ``prompt`` as theirs.

    So that what is learned holds in the mode, which speaks under its prompt, and without it.
    """
    whole = []
    for one in samples:
        whole.append(one)
        if prompt and one.messages[0].role != "system":
            whole.append(replace(one, messages=(Message("system", prompt), *one.messages)))
    return whole


def divided(
    samples: Sequence[Sample], seed: int, share: float = VALIDATION
) -> tuple[list[Sample], list[Sample]]:
    """``(trained, validation)``: that share of the questions, 1 to `_MOST_KEPT`, is kept from training.

    A question is what a conversation begins with: all of its turns, and samples with one question, stay on
    one side. Raises `BadData` for fewer than two questions.
    """
    questions = sorted({_question(one) for one in samples})
    if len(questions) < 2:
        raise BadData(
            "a single question cannot be divided into training and validation, nor can conversations that "
            "all begin with the same one: give more"
        )
    random.Random(seed).shuffle(questions)
    kept = frozenset(questions[: min(_MOST_KEPT, max(1, round(len(questions) * share)))])
    apart: tuple[list[Sample], list[Sample]] = ([], [])
    for one in samples:
        apart[_question(one) in kept].append(one)
    return apart


def digest(samples: Iterable[Sample]) -> str:
    """SHA-256 (hex) of everything that is learned from, in its order."""
    found = hashlib.sha256()
    for one in samples:
        turns = [[message.role, message.content] for message in one.messages]
        found.update(json.dumps([turns, one.answer]).encode())
    return found.hexdigest()


def _unique(samples: Iterable[Sample]) -> list[Sample]:
    first: dict[object, Sample] = {}
    for one in samples:
        first.setdefault((one.messages, one.answer), one)
    return list(first.values())


def _question(sample: Sample) -> str:
    return next((message.content for message in sample.messages if message.role == "user"), "")


def _samples(line: str, where: str) -> list[Sample]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadData(f"{where}: not JSON ({error})") from error
    turns = _turns(found, where)
    samples = [
        Sample(tuple(turns[:at]), turn.content, where)
        for at, turn in enumerate(turns)
        if turn.role == "assistant" and turn.content.strip()
    ]
    if not samples:
        raise BadData(f"{where}: no answer of an assistant to learn from")
    if not all(any(message.role == "user" for message in one.messages) for one in samples):
        raise BadData(f"{where}: the conversation has to begin with a user's message")
    return samples


def _turns(found: Any, where: str) -> list[Message]:
    if isinstance(found, dict) and {"prompt", "completion"} <= found.keys():
        found = {
            "messages": [
                {"role": "user", "content": found["prompt"]},
                {"role": "assistant", "content": found["completion"]},
            ]
        }
    turns = found.get("messages") if isinstance(found, dict) else None
    if not isinstance(turns, list) or not turns:
        raise BadData(f'{where}: needs "messages" (a list of turns), or "prompt" and "completion"')
    return [_message(turn, f"{where}, message {at}") for at, turn in enumerate(turns, 1)]


def _message(turn: Any, where: str) -> Message:
    role = turn.get("role") if isinstance(turn, dict) else None
    if role not in _ROLES:
        raise BadData(f'{where}: "role" has to be one of {", ".join(_ROLES)}, not {role!r}')
    content = turn.get("content")
    if not isinstance(content, str):
        raise BadData(f'{where}: "content" has to be a text, not {type(content).__name__}')
    if any("\ud800" <= letter <= "\udfff" for letter in content):
        raise BadData(f'{where}: "content" has half of a surrogate pair in it, which is no letter')
    return Message(cast(Role, role), content)
