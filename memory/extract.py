"""Memories of one domain as conversations to learn from, and an account of all that was left out.

It must not know where memories are kept, nor where the lines go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from memory.domains import Domain, Rule
from memory.questions import Asked, asked
from memory.record import Memory, content_hash
from memory.temperature import heat

#: Why a memory of the domain was left out; the first that holds, in this order.
LeftOut = Literal[
    "retracted", "superseded", "sacred", "too cold", "too long", "its whole is taken", "twice", "no question"
]
REASONS: tuple[LeftOut, ...] = get_args(LeftOut)

#: Bytes of UTF-8. A longer text may have more tokens than can be trained at once, which stops a training.
LONGEST = 6000

Clean = Callable[[str], str]


def cleaned(text: str) -> str:
    """``text`` without secrets, and without what steers a terminal or is no letter."""
    from memory.present import safe
    from memory.redaction import redacted

    return redacted(safe(text)).encode("utf-8", "replace").decode()


@dataclass(slots=True)
class Tally:
    """What was seen. ``above`` and ``below``: memories of the domain by rule and threshold, left out or not.

    ``sacred`` are all there are in the domain; ``left_out`` is by `LeftOut`; ``made_of`` says what questions
    were made of.
    """

    seen: int = 0
    above: Counter[str] = field(default_factory=Counter)
    below: Counter[str] = field(default_factory=Counter)
    sacred: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    made_of: Counter[str] = field(default_factory=Counter)

    @property
    def matched(self) -> int:
        """Memories of the domain."""
        return self.above.total() + self.below.total()

    @property
    def written(self) -> int:
        """Conversations that came of it."""
        return self.made_of.total()


@dataclass(frozen=True, slots=True)
class Lesson:
    """A memory as a question and its answer; ``heat`` is its temperature now, ``rule`` why it is here."""

    memory: Memory
    asked: Asked
    heat: float
    rule: Rule


@dataclass(slots=True)
class Extraction:
    """One pass for ``domain`` at the time ``now``. ``hot`` None: the domain's own threshold.

    ``sacred``: take sacred memories too. Texts are used as ``clean`` makes them.
    """

    domain: Domain
    now: float
    hot: float | None = None
    sacred: bool = False
    clean: Clean = cleaned
    tally: Tally = field(default_factory=Tally)
    _seen: set[str] = field(default_factory=set)
    _taken: set[str] = field(default_factory=set)

    @property
    def threshold(self) -> float:
        """The temperature from which a memory is learned from."""
        return self.domain.hot if self.hot is None else self.hot

    def lessons(self, memories: Iterable[Memory]) -> Iterator[Lesson]:
        """What can be learned of ``memories``, in their order; `tally` counts what cannot."""
        for memory in memories:
            if lesson := self.lesson(memory):
                yield lesson

    def lesson(self, memory: Memory) -> Lesson | None:
        """The same of one memory."""
        self.tally.seen += 1
        rule = self.domain.rule(memory)
        if rule is None:
            return None
        now = heat(memory, self.now)
        (self.tally.above if now >= self.threshold else self.tally.below)[rule] += 1
        self.tally.sacred += memory.sacred
        why = self._unfit(memory, now)
        found = None
        if why is None:
            text = self.clean(memory.content)
            why, found = self._asked(text, memory)
        if why is not None or found is None:
            self.tally.left_out[why or "no question"] += 1
            return None
        self.tally.made_of[found.source] += 1
        self._taken.add(memory.id)
        return Lesson(memory, found, now, rule)

    def _unfit(self, memory: Memory, now: float) -> LeftOut | None:
        if memory.temporal_state == "retracted":
            return "retracted"
        if memory.stale:
            return "superseded"
        if memory.sacred and not self.sacred:
            return "sacred"
        if now < self.threshold:
            return "too cold"
        if len(memory.content.encode("utf-8", "replace")) > LONGEST:
            return "too long"
        return "its whole is taken" if memory.parent in self._taken else None

    def _asked(self, text: str, memory: Memory) -> tuple[LeftOut | None, Asked | None]:
        hashed = content_hash(text)
        if hashed in self._seen:
            return "twice", None
        self._seen.add(hashed)
        metadata = {
            key: self.clean(value) for key, value in memory.metadata.items() if isinstance(value, str)
        }
        found = asked(text, metadata)
        return (None if found else "no question"), found


def line(lesson: Lesson) -> dict[str, Any]:
    """The conversation as a line of JSONL has it: ``messages``, and where they are from."""
    memory = lesson.memory
    return {
        "messages": messages(lesson.asked),
        "provenance": {
            "id": memory.id,
            "origin": memory.origin,
            "source": memory.provenance,
            "temperature": round(lesson.heat, 1),
            "rule": lesson.rule,
            "question": lesson.asked.source,
            "sacred": memory.sacred,
            "hash": memory.hash or content_hash(memory.content),
        },
    }


def messages(asked: Asked) -> list[dict[str, str]]:
    """The two turns, as `tui modes train --data` reads them."""
    return [
        {"role": "user", "content": asked.question},
        {"role": "assistant", "content": asked.answer},
    ]
