"""A report on stdout: plain text, 80 columns at most, nothing that steers a terminal."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from typing import Any

from modes.tables import printable
from tui.core.evaluation import tables

_WIDTH = 80
_STATUS = 14


def write_report(report: Mapping[str, Any]) -> None:
    """Everything of a report that a person reads."""
    identity, model = report["identity"], report["model"]
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(report["date"]))
    _line(f"{model['name']}, subspace {identity['subspace'] or 'none'}, {identity['size']}, {when}")
    for title, rows in tables.sections(report):
        _line("")
        _line(title)
        if title == "Verdict":
            _verdict(rows)
        elif len(rows) > 1 or title.startswith(("Switching", "Changed")):
            _rows(rows)
        else:
            _line("  nothing was measured")
    _line("")
    for sentence in tables.unresolved(report):
        _line(sentence)


def _rows(rows: Sequence[Sequence[str]]) -> None:
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    left = len(shown[0]) == 2
    for row in shown:
        cells = [row[0].ljust(widths[0])]
        cells += [
            cell if left else cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)
        ]
        text = "  " + "  ".join(cells).rstrip()
        for line in (
            textwrap.wrap(text, _WIDTH, subsequent_indent="      ", drop_whitespace=False) if left else [text]
        ):
            _line(line.rstrip())


def _verdict(rows: Sequence[Sequence[str]]) -> None:
    for status, name, sentence in rows:
        text = f"{name}: {sentence}" if sentence else name
        lines = textwrap.wrap(text, _WIDTH - _STATUS - 2)
        for at, line in enumerate(lines):
            _line(f"  {status if at == 0 else '':<{_STATUS}}{line}")


def _line(text: str) -> None:
    sys.stdout.write(printable(text) + "\n")
