"""A report on stdout: plain text, 80 columns at most, nothing that steers a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from modes.tables import printable
from tui.core.evaluation import tables


def write_report(report: Mapping[str, Any]) -> None:
    """Everything of a report that a person reads."""
    identity, model = report["identity"], report["model"]
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(report["date"]))
    _line(f"{model['name']}, subspace {identity['subspace'] or 'none'}, {identity['size']}, {when}")
    for title, rows in tables.sections(report):
        _line("")
        _line(title)
        for line in tables.lines(rows, title):
            _line(line)
    _line("")
    for sentence in tables.unresolved(report):
        _line(sentence)


def _line(text: str) -> None:
    sys.stdout.write(printable(text) + "\n")
