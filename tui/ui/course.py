"""A run as the screen knows it: its events folded into what is shown.

This module must not know widgets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.core.evaluation import tables
from tui.core.evaluation.answers import Answer
from tui.core.evaluation.events import CellDone, Event, ItemDone, Noted, Planned, Reported, SpeedSample

_BARS = (".:-=+*#@", "▁▂▃▄▅▆▇█")
_POINTS = 200


@dataclass(slots=True)
class Course:
    """``report`` None until the run is over; ``scores`` are (right, asked) by domain and who was asked."""

    report: Mapping[str, Any] | None = None
    folder: Path | None = None
    done: int = 0
    total: int = 0
    where: str = ""
    rate: float | None = None
    rates: deque[float] = field(default_factory=lambda: deque(maxlen=_POINTS))
    decode: dict[str, list[float]] = field(default_factory=dict)
    scores: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """One more event."""
        match event:
            case Planned():
                self.folder, self.done, self.total = event.folder, event.done, event.total
                self.notes += event.notes
            case ItemDone():
                self._item(event)
            case CellDone(cell, right, asked):
                if cell.part == "fixed" and asked:
                    self.scores.setdefault(cell.domain, {})[cell.who] = (right, asked)
            case SpeedSample():
                self.where = f"speed of {event.who} at depth {event.depth}, {event.done}/{event.total}"
                self.rate = event.rate
                self.decode.setdefault(f"{event.who} {event.depth}", []).append(event.rate)
            case Noted(text):
                self.notes.append(text)
            case Reported():
                self.report, self.folder, self.where = event.report, event.folder, ""

    def _item(self, event: ItemDone) -> None:
        self.done, self.total, self.where = event.done, event.total, event.cell.task
        self.answers.append(Answer(event.cell.task, event.item, event.outcome))
        read = sum(event.outcome.tokens)
        if read and event.outcome.seconds > 0:
            self.rate = read / event.outcome.seconds
            self.rates.append(self.rate)

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        share = f"{100 * self.done // self.total} %, {self.done}/{self.total}" if self.total else "preparing"
        rate = f", {self.rate:.0f} tok/s" if self.rate else ""
        return f"{share}{rate}  {self.where}"

    def tables(self) -> str:
        """What is known: of a run that is over everything, before that the scores as they come."""
        parts = list(self.notes)
        if self.report is not None:
            found = list(tables.sections(self.report))
            for title, rows in [found[-1], *found[:-1]]:  # the verdict before what it is made of
                parts += ["", title, *tables.lines(rows, title)]
            parts += ["", *tables.unresolved(self.report)]
        elif self.scores:
            who = list(dict.fromkeys(name for row in self.scores.values() for name in row))
            rows = [("domain", *(name[:10] for name in who))]
            for domain, row in self.scores.items():
                rows.append((domain, *(_share(row.get(name)) for name in who)))
            parts += ["So far, % right", *tables.lines(rows, "")]
        return "\n".join(parts).strip() or "nothing yet: choose, then r runs it"

    def speed(self, plain: bool, width: int) -> str:
        """Small plots, the latest at the right end."""
        lines = []
        if self.rates:
            lines += ["items, tokens read per second", plot(self.rates, plain, width)]
        decode = self.decode or _sampled(self.report)
        for name, rates in decode.items():
            lines += [f"decode, {name}: {rates[-1]:.1f} tok/s", plot(rates, plain, width)]
        return "\n".join(lines) or "nothing timed yet"


def plot(values: Sequence[float] | deque[float], plain: bool, width: int) -> str:
    """A row of signs, from the lowest to the highest of the last ``width`` values, both of them named."""
    bars, shown = _BARS[not plain], list(values)[-max(1, width) :]
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0
    row = "".join(bars[round((value - low) / span * (len(bars) - 1))] for value in shown)
    return f"{row}\n{low:.1f} to {high:.1f}"


def _sampled(report: Mapping[str, Any] | None) -> dict[str, list[float]]:
    tests = report["decode"]["tests"] if report else []
    return {f"{one['test']} {one['n_depth']}": one["samples_ts"] for one in tests if one["n_gen"]}


def _share(score: tuple[int, int] | None) -> str:
    return "" if score is None else f"{100 * score[0] / score[1]:.1f}"
