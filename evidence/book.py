"""All cells with what is known of them: which are done, what they were made with, what is missing.

A cell is known by a key of all that it depends on, so that a changed setting makes it, and what begins with
it, anew; cells that make the same share it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any

from evidence.cell import TUNING_SALT, Cell, Method
from evidence.files import Site, read_result
from modes.share.library import Library

#: Raised when the way of making or scoring changes: everything is then made anew.
VERSION = 1
#: Methods that make the same, in spite of another name.
_ALIKE: dict[Method, str] = {"equal": "own", "core": "share", "random": "share", "many": "share"}


class Waiting(Exception):
    """A cell cannot be settled: the cells that its settings are chosen by are not there yet."""


class Book:
    """The cells in their order."""

    def __init__(self, cells: Iterable[Cell], site: Site) -> None:
        self.cells, self.site = {cell.name: cell for cell in cells}, site
        self._results: dict[str, dict[str, Any] | None] = {}

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.cells.values())

    def settled(self, cell: Cell) -> Cell:
        """The cell with the best of the settings that were tried for it. Raises `Waiting`."""
        if not cell.tuned:
            return cell
        best = self.cells[self.best(cell.tuned)]
        chosen = {name: best.settings[name] for name in best.tries}
        return replace(cell, settings={**cell.settings, **chosen})

    def best(self, tried: Iterable[str]) -> str:
        """The cell with the most `merit`, of equals the first. Raises `Waiting`."""
        merits: dict[str, float] = {}
        for name in tried:
            if (found := self.result(name)) is None:
                raise Waiting(name)
            merits[name] = merit(found)
        return max(merits, key=merits.__getitem__)

    def made_key(self, cell: Cell) -> str:
        """Of what is made, whatever the cell is called. Raises `Waiting`."""
        if not cell.makes:
            return self.made_key(self.cells[cell.before[0]]) if cell.before else ""
        whole = self.settled(cell)
        parts = [
            VERSION, _ALIKE.get(cell.method, cell.method), cell.domain, cell.topic, cell.seed,
            dict(whole.settings), [self.made_key(self.cells[name]) for name in cell.before],
        ]  # fmt: skip
        return _hash(parts)

    def key(self, cell: Cell) -> str:
        """Of what is made and asked. Raises `Waiting`."""
        return _hash([self.made_key(cell), cell.method, [asdict(ask) for ask in cell.asks]])

    def library(self, cell: Cell) -> Library:
        """Where what the cell asks is kept. Raises `Waiting`."""
        return Library(self.site.made(self.made_key(cell)))

    def result(self, name: str) -> dict[str, Any] | None:
        """What was found of a cell as it is now; None while there is nothing."""
        if self._results.get(name) is None:
            found = read_result(self.site, name)
            try:
                current = found is not None and found["key"] == self.key(self.cells[name])
            except Waiting:
                current = False
            self._results[name] = found if current else None
        return self._results[name]

    def is_done(self, cell: Cell) -> bool:
        """Whether there is nothing left to do for it."""
        return self.result(cell.name) is not None

    def state(self, cell: Cell) -> str:
        """``done``, ``made`` (to be scored), ``outdated`` (scored with other settings) or ``missing``."""
        if self.is_done(cell):
            return "done"
        try:
            if cell.makes and self.library(cell).current() is not None:
                return "made"
        except Waiting:
            pass
        return "missing" if read_result(self.site, cell.name) is None else "outdated"


def merit(result: dict[str, Any]) -> float:
    """How good a setting is, more is better: right answers to the items to tune on, 0 to 1.

    Where none are asked, how far the lowest validation loss (nats a token) is below 0: it is of questions
    that are kept from training, and that no test asks.
    """
    answers = answered(result)
    return answers.count("1") / len(answers) if answers else -validation_loss(result)


def answered(result: dict[str, Any]) -> str:
    """``1`` for every item to tune on that was answered rightly, ``0`` for every other one."""
    return "".join(one["correct"] for one in result["asked"] if one["salt"] == TUNING_SALT)


def validation_loss(result: dict[str, Any]) -> float:
    """The lowest of a training, in nats a token."""
    return float(min(loss for _, loss in result["made"]["record"]["validation"]))


def _hash(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]
