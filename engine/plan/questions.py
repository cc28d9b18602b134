"""What an operator asks of a machine and a model: how long, how many at once, and what becomes free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.plan.fit import Cost, longest_context
from engine.plan.need import KV_KINDS, Settings

#: Slots by tokens that are always asked for, and slots whose longest context is.
FIXED = ((1, 131_072), (8, 32_768))
LONGEST = (1, 8, 16)


@dataclass(frozen=True, slots=True)
class Answer:
    """``settings`` take ``total`` bytes of ``memory``. A ``longest`` one has all that fits, or 0 tokens."""

    settings: Settings
    total: int
    memory: int
    longest: bool = False

    @property
    def left(self) -> int:
        """Bytes left; negative is what is missing."""
        return self.memory - self.total

    @property
    def fits(self) -> bool:
        return self.left >= 0 and self.settings.context > 0


def answers(cost: Cost, asked: Settings, memory: int, trained: int) -> Iterator[tuple[Answer, ...]]:
    """For every question its answers by the kind of K and V, in the order of `KV_KINDS`.

    No context is longer than was ``trained`` on, where that is known (not 0) and the question leaves it open.
    """
    kinds = [asked.but(kv=kind, flash=asked.flash or kind != "f16") for kind in KV_KINDS]
    for slots, context in FIXED:
        settings = [one.but(slots=slots, context=context) for one in kinds]
        yield tuple(Answer(one, cost(one), memory) for one in settings)
    for slots in LONGEST:
        yield tuple(_longest(cost, one.but(slots=slots), memory, trained) for one in kinds)


def _longest(cost: Cost, asked: Settings, memory: int, trained: int) -> Answer:
    limit = {"limit": trained} if trained else {}
    found = asked.but(context=longest_context(cost, asked, memory, **limit))
    return Answer(found, cost(found) if found.context else 0, memory, longest=True)


def made_free(total: int, machines: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """By the machine that could hold it all in its memory: the other machines, which then become free."""
    able = [name for name, memory in machines.items() if total <= memory]
    return {name: tuple(other for other in machines if other != name) for name in able}
