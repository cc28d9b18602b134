"""The cells of a run: which items are put to whom, in the order in which they are asked.

This module must not know an engine, nor what came of anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from modes.evaluation.item import Item
from tui.core.evaluation.choice import GENERAL, Choice, Subject
from tui.core.evaluation.subspace import Learned

#: ``fixed``: with the salt that is always the same. ``fresh``: with one of this run. ``again``: asked before
#: in this run. ``alone``: coefficients without the mode's prompt. ``learned``: the coefficients as they were
#: when the mode had just been learned.
Part = Literal["fixed", "fresh", "again", "alone", "learned"]
BASE = "base"


@dataclass(frozen=True, slots=True)
class Cell:
    """Items of one domain put to ``who``: the base, or a mode."""

    domain: str
    part: Part
    who: str
    items: tuple[Item, ...]

    @property
    def task(self) -> str:
        """The name under which its outcomes are kept."""
        return f"{self.domain} {self.part} {self.who}"


def before_modes(choice: Choice) -> Iterator[Cell]:
    """What the base is asked, before any coefficients are put in."""
    for subject in choice.subjects:
        yield Cell(subject.name, "fixed", BASE, subject.items)
        if subject.fresh:
            yield Cell(subject.name, "fresh", BASE, subject.fresh)


def with_modes(choice: Choice) -> Iterator[Cell]:
    """Every mode at home, then everywhere else."""
    homes = [(subject, choice.at_home(subject)) for subject in choice.subjects]
    for subject, own in homes:
        for spec in own:
            yield Cell(subject.name, "fixed", spec, subject.items)
            if subject.fresh:
                yield Cell(subject.name, "fresh", spec, subject.fresh)
            if choice.size.alone and choice.modes[spec].scales:
                yield Cell(subject.name, "alone", spec, subject.items)
    for subject, own in homes:
        count = choice.size.general if subject.name == GENERAL else choice.size.crossing
        for spec in choice.modes:
            if spec not in own:
                yield Cell(subject.name, "fixed", spec, subject.items[:count])


def as_learned(choice: Choice, learned: Mapping[str, Learned]) -> Iterator[Cell]:
    """Modes at home with the coefficients that they had when they had just been learned."""
    for subject in choice.subjects:
        for spec in choice.at_home(subject):
            if spec in learned and learned[spec].differs:
                yield Cell(subject.name, "learned", spec, subject.items)


def again(choice: Choice) -> Iterator[Cell]:
    """The first items once more, after all the changes of mode: of every mode, and with the mode off."""
    for subject in choice.subjects:
        for spec in choice.at_home(subject):
            yield Cell(subject.name, "again", spec, subject.items[: choice.size.again])
    if choice.modes:
        subject = guard(choice)
        yield Cell(subject.name, "again", BASE, subject.items[: 2 * choice.size.again])


def guard(choice: Choice) -> Subject:
    """What tells whether the base is the base again: the general domain, else the first there is."""
    return next((one for one in choice.subjects if one.name == GENERAL), choice.subjects[0])
