"""What cells cost in time: from those that are done, else from a guess."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from evidence.book import Book
from evidence.cell import MERGES, Ask, Cell

#: Seconds taken for two cores with nothing beside until there is a cell to tell: a step of a domain, an item.
_STEP = {"legal": 1.5, "coding": 1.5, "cherokee": 1.5, "reasoning": 1.5}
_ITEM = {"legal": 0.17, "coding": 0.18, "cherokee": 0.2, "reasoning": 0.14, "general": 0.5}
#: A fifth of coding's T4 are programs, which are written and run.
_PROGRAMS = 0.5
_MADE = 60.0  # what is made without training


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds."""

    made: float
    scored: float

    @property
    def total(self) -> float:
        return self.made + self.scored


class Costs:
    """Estimates for the cells of a book."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._steps, self._items = _measured(book)

    def of(self, cell: Cell) -> Cost:
        """What is left to do for ``cell``; nothing when it is done."""
        if self._book.is_done(cell):
            return Cost(0.0, 0.0)
        made = 0.0 if self._book.state(cell) == "made" or not cell.makes else self.making(cell)
        return Cost(made, sum(self.asking(ask) for ask in cell.asks if cell.method != "majority"))

    def making(self, cell: Cell) -> float:
        """Training to the last step, though it may end before."""
        steps = cell.settings.get("steps")
        if steps is None:
            return _MADE * (2 if cell.method in MERGES else 1)
        return steps * self._steps.get(cell.domain, _STEP[cell.domain])

    def asking(self, ask: Ask) -> float:
        """All items of an ask."""
        slow = ask.domain == "coding" and ask.split == "T4"
        each = _PROGRAMS if slow else _ITEM[ask.domain]
        return ask.count * self._items.get((ask.domain, slow), each)


def _measured(book: Book) -> tuple[dict[str, float], dict[tuple[str, bool], float]]:
    """Seconds for a step, and for an item, of what is done: the median, for one cell had a busy machine."""
    steps: defaultdict[str, list[float]] = defaultdict(list)
    items: defaultdict[tuple[str, bool], list[float]] = defaultdict(list)
    for cell in book:
        found = book.result(cell.name)
        if found is None:
            continue
        record = found["made"].get("record")
        if record and record.get("steps"):
            steps[cell.domain].append(record["seconds"] / record["steps"])
        for one in found["asked"] if cell.method != "majority" else ():
            slow = one["domain"] == "coding" and one["split"] == "T4"
            items[one["domain"], slow].append(one["seconds"] / max(1, one["n"]))
    return (
        {name: median(each) for name, each in steps.items()},
        {which: median(each) for which, each in items.items()},
    )


def told(seconds: float) -> str:
    """A time as somebody would say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def whole(costs: Costs, cells: Iterable[Cell]) -> float:
    """Seconds for all of them; what several make alike is made once."""
    seen: set[tuple[object, ...]] = set()
    total = 0.0
    for cell in cells:
        cost = costs.of(cell)
        alike = (cell.domain, cell.topic, cell.seed, cell.before, cell.method, *sorted(cell.settings.items()))
        total += cost.scored + (0.0 if alike in seen else cost.made)
        seen.add(alike)
    return total
