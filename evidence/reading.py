"""Reads what cells found back as answers to items, so that any two of them can be paired.

It must not know how the page looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evidence.book import Book
from evidence.cell import MERGED, SEQUENCE, Ask
from evidence.design import DOMAINS, chain, own_name
from evidence.items import items_digest, items_of
from modes.evaluation.item import Split
from modes.evaluation.matrix import Matrix
from modes.evaluation.statistics import Difference, Interval, compared, wilson


@dataclass(frozen=True, slots=True)
class Marks:
    """Right (1) and wrong (0) by the id of the item, and which fact each item is about."""

    right: Mapping[str, int]
    facts: Mapping[str, str]

    @property
    def score(self) -> float:
        """Share of right answers."""
        return sum(self.right.values()) / len(self.right)

    def of(self, items: Iterable[str]) -> float:
        """The same of some items."""
        marks = [self.right[name] for name in items]
        return sum(marks) / len(marks)

    @property
    def interval(self) -> Interval:
        """Wilson's where every item is about a fact of its own, else the bootstrap over facts."""
        values, facts = list(self.right.values()), [self.facts[name] for name in self.right]
        if len(set(facts)) == len(facts) or len(set(values)) == 1:
            return wilson(round(self.score * len(set(facts))), len(set(facts)))
        return compared(np.zeros(len(values)), values, facts).interval


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answers of a method to a domain are: a cell, and the mode that was asked."""

    cell: str
    mode: str


def place(method: str, seed: int, domain: str) -> Place:
    """Of a method in a run, when all is learned."""
    others = dict(zip(DOMAINS, (*DOMAINS[1:], DOMAINS[0]), strict=True))
    places = {
        "base": Place("base", ""),
        "majority": Place("majority", ""),
        "own": Place(own_name(seed, domain), domain),
        "share": Place(chain("share", seed)[-1], domain),
        "sequence": Place(chain("sequence", seed)[-1], SEQUENCE),
        "equal": Place(f"equal-s{seed}-{domain}", domain),
        "wrong": Place(f"wrong-s{seed}", others[domain]),
        "coefficients": Place(f"coefficients-s{seed}", domain),
    }
    return places.get(method) or Place(f"{method}-s{seed}", MERGED)


class Reader:
    """What the finished cells of ``book`` say. What is not there is None."""

    def __init__(self, book: Book) -> None:
        self.book = book
        #: Cells whose items are made otherwise today: what they found cannot be paired.
        self.strange: set[str] = set()
        self._gains: dict[tuple[Place, Place, str, Split, bool], Difference | None] = {}

    def marks(
        self, where: Place, domain: str, split: Split = "T1", *, prompted: bool = False, topic: str = ""
    ) -> Marks | None:
        """The answers to a split of a domain."""
        result = self.book.result(where.cell)
        for one in result["asked"] if result else ():
            asked = one["domain"], one["mode"], one["split"], one["prompted"], one["topic"], one["salt"]
            if asked == (domain, where.mode, split, prompted, topic, "") and "correct" in one:
                return self._marks(where.cell, one)
        return None

    def gain(
        self, before: Place, after: Place, domain: str, split: Split = "T1", *, prompted: bool = False
    ) -> Difference | None:
        """Paired by item and clustered by fact."""
        which = before, after, domain, split, prompted
        if which not in self._gains:
            first, second = (self.marks(one, domain, split, prompted=prompted) for one in (before, after))
            self._gains[which] = paired(first, second) if first and second else None
        return self._gains[which]

    def over_base(
        self, where: Place, domain: str, split: Split = "T1", *, prompted: bool = False
    ) -> Difference | None:
        """The gain over the base."""
        return self.gain(place("base", 0, domain), where, domain, split, prompted=prompted)

    def share_of_gain(self, where: Place, seed: int, domain: str) -> float | None:
        """Of what an adapter of the domain's own gains on T1; None also where that is nothing."""
        found = self.over_base(where, domain)
        most = self.over_base(place("own", seed, domain), domain)
        if found is None or most is None or most.value <= 0:
            return None
        return found.value / most.value

    def steps(self, method: str, seed: int) -> list[tuple[str, str]]:
        """The domains in the order they were learned, and the mode that answers for each once it was."""
        names = chain("share" if method == "share" else "sequence", seed)
        return [(self.book.cells[name].domain, name) for name in names]

    def after(self, method: str, seed: int, step: int, domain: str) -> Place:
        """Where the answers to ``domain`` are after a step of what is learned in turn, from 0."""
        name = self.steps(method, seed)[step][1]
        return Place(name, domain if method == "share" or step == 0 else SEQUENCE)

    def matrix(self, method: str, seed: int) -> Matrix | None:
        """T1 after each domain, of the items that were asked each time; None until all of it is there.

        ``own`` is NaN where a domain's own adapter was not measured yet.
        """
        domains = [domain for domain, _ in self.steps(method, seed)]
        after = np.zeros((len(domains), len(domains)))
        base, own = np.zeros(len(domains)), np.zeros(len(domains))
        for column, domain in enumerate(domains):
            found = [
                self.marks(self.after(method, seed, row, domain), domain)
                for row in range(column, len(domains))
            ]
            alone = self.marks(place("own", seed, domain), domain)
            columns = [one for one in (self.marks(place("base", 0, domain), domain), *found) if one]
            if len(columns) <= len(found):
                return None
            both = set.intersection(*(set(one.right) for one in (*columns, *([alone] if alone else []))))
            base[column], *scores = (one.of(both) for one in columns)
            own[column] = alone.of(both) if alone else np.nan
            after[:, column] = [base[column]] * column + scores  # not learned yet: the base answers
        return Matrix(tuple(domains), after, base, own)

    def link(self, cell: str) -> str:
        """To the file of a cell, or its name while there is none."""
        return f"[{cell}](results/{cell}.json)" if self.book.result(cell) else f"`{cell}`"

    def bytes_of(self, cell: str) -> dict[str, Any] | None:
        """What the cell has to keep."""
        result = self.book.result(cell)
        return result["bytes"] if result else None

    def _marks(self, cell: str, one: Mapping[str, Any]) -> Marks | None:
        ask = Ask(
            one["domain"], one["mode"], one["split"], one["count"], one["prompted"], one["topic"],
            one["kind"], one["salt"],
        )  # fmt: skip
        items = items_of(ask)
        if items_digest(items) != one["items"]:
            self.strange.add(cell)
            return None
        answers = zip(items, one["correct"], strict=True)
        return Marks({item.id: int(mark) for item, mark in answers}, {item.id: item.fact for item in items})


def paired(before: Marks, after: Marks) -> Difference | None:
    """Of the items that both were asked; None where there are none."""
    both = [name for name in after.right if name in before.right]
    if not both:
        return None
    facts = [after.facts[name] for name in both]
    return compared([before.right[name] for name in both], [after.right[name] for name in both], facts)
