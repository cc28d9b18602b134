"""Fills the cells in their order, each step in a process of its own that can be stopped and gone on with."""

from __future__ import annotations

import fnmatch
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evidence.book import Book
from evidence.cell import Cell
from evidence.costs import Costs, told, whole

#: What a process that was stopped in time, its work kept, ends with (EX_TEMPFAIL).
STOPPED = 75

Say = Callable[[str], None]


class Failed(Exception):
    """A process ended with an error, which it has told itself."""


@dataclass(frozen=True, slots=True)
class Course:
    """``options`` go to every process as they are; ``until`` is when to stop (seconds since 1970)."""

    book: Book
    options: Sequence[str]
    say: Say
    until: float | None = None

    def fill(self, chosen: Sequence[Cell]) -> bool:
        """Fill what is missing of ``chosen`` and what it needs; False when stopped. Raises `Failed`."""
        missing = [cell for cell in self.needed(chosen) if not self.book.is_done(cell)]
        for at, cell in enumerate(missing):
            if self._late():
                self.say("the time is up; the same command goes on")
                return False
            costs = Costs(self.book)
            left = whole(costs, missing[at:])
            self.say(
                f"[{at + 1}/{len(missing)}] {cell.name}: about {told(costs.of(cell).total)}; "
                f"with all after it {told(left)}"
            )
            if not self._filled(cell):
                self.say(f"{cell.name} is not finished; the same command goes on from there")
                return False
        return True

    def needed(self, chosen: Sequence[Cell]) -> list[Cell]:
        """What was chosen, and the cells that settle it; what it begins with is made, but not scored."""
        wanted, settling = {cell.name for cell in chosen}, {cell.name for cell in chosen}
        for cell in reversed(list(self.book)):
            if cell.name in settling:
                settling.update(cell.needs)
                wanted.update(cell.tuned)
        return [cell for cell in self.book if cell.name in wanted]

    def _filled(self, cell: Cell) -> bool:
        return self._run("train", cell) and self._run("score", cell)

    def _run(self, what: str, cell: Cell) -> bool:
        if what == "train" and not (cell.makes or cell.before):
            return True
        command = [sys.executable, "-m", "evidence", *self.options, what, cell.name]
        if self.until is not None:
            command += ["--until", f"{self.until:.0f}"]
        process = subprocess.Popen(command)
        try:
            code = process.wait()
        except KeyboardInterrupt:  # it keeps its work
            process.terminate()
            process.wait()
            return False
        if code not in (0, STOPPED):
            raise Failed(f"{' '.join(command)} ended with {code}")
        return code == 0

    def _late(self) -> bool:
        return self.until is not None and time.time() >= self.until


def chosen(book: Book, pattern: str) -> list[Cell]:
    """Cells whose names match; several patterns with commas between them."""
    patterns = [one.strip() for one in pattern.split(",")]
    return [cell for cell in book if any(fnmatch.fnmatchcase(cell.name, one) for one in patterns)]


def listing(book: Book, cells: Sequence[Cell]) -> list[str]:
    """A line for each cell: its state and what it would cost; and the sum."""
    costs = Costs(book)
    width = max((len(cell.name) for cell in cells), default=0)
    lines = [f"{'cell':<{width}}  {'state':<8}  {'make':>7}  {'score':>7}"]
    for cell in cells:
        cost = costs.of(cell)
        made, scored = (told(one) if one else "-" for one in (cost.made, cost.scored))
        lines.append(f"{cell.name:<{width}}  {book.state(cell):<8}  {made:>7}  {scored:>7}")
    done = sum(book.is_done(cell) for cell in cells)
    lines.append(f"{done} of {len(cells)} cells are done; the others take about {told(whole(costs, cells))}")
    return lines
