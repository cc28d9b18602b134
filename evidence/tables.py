"""Numbers and tables as the page writes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from evidence.reading import Marks
from modes.evaluation.statistics import Difference, Interval

MISSING = "not measured"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], labels: int = 1) -> str:
    """A Markdown table of the rows that have something measured after their first ``labels`` columns."""
    told = [row for row in rows if any(map(_tells, row[labels:]))]
    if not told:
        return "Nothing measured yet."
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in told)])


def _tells(column: str) -> bool:
    return column not in ("", "-", MISSING) and column[0] not in "`["  # names of cells


def share(value: float | None) -> str:
    """A fraction in per cent."""
    return MISSING if value is None or math.isnan(value) else f"{100 * value:.1f} %"


def score(marks: Marks | None) -> str:
    """Right answers in per cent, with the interval."""
    return MISSING if marks is None else f"{100 * marks.score:.1f} {between(marks.interval)}"


def points(found: Difference | None, p: float | None = None) -> str:
    """A paired difference in points, with its interval and p, or the adjusted one."""
    if found is None:
        return MISSING
    return (
        f"{100 * found.value:+.1f} {between(found.interval, '+.1f')}, {chance(found.p if p is None else p)}"
    )


def between(interval: Interval, form: str = ".1f") -> str:
    """An interval in points."""
    return f"({100 * interval.low:{form}} to {100 * interval.high:{form}})"


def chance(p: float) -> str:
    """A p value."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def size(count: float | None) -> str:
    """Bytes in kB, of which a thousand are a MB."""
    return MISSING if count is None else f"{count / 1000:,.0f} kB"
