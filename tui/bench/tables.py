"""A report on stdout: plain text, 80 columns at most, nothing that steers a terminal."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Iterable, Mapping
from typing import Any

from modes.tables import printable
from tui.core.evaluation import tables
from tui.core.load import tables as load


def write_report(report: Mapping[str, Any]) -> None:
    """Everything of an evaluation's report that a person reads."""
    _write(report, tables.sections(report), tables.unresolved(report))


def write_load(report: Mapping[str, Any]) -> None:
    """Everything of a load's report that a person reads."""
    _write(report, load.sections(report), load.remarks(report))


def _write(
    report: Mapping[str, Any], sections: Iterable[tuple[str, tables.Rows]], remarks: Iterable[str]
) -> None:
    identity, model = report["identity"], report["model"]
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(report["date"]))
    _line(f"{model['name']}, subspace {identity['subspace'] or 'none'}, {identity['size']}, {when}")
    for title, rows in sections:
        _line("")
        _line(title)
        for line in tables.lines(rows, title):
            _line(line)
    _line("")
    for sentence in remarks:
        for line in textwrap.wrap(sentence, tables.WIDTH):
            _line(line)


def _line(text: str) -> None:
    sys.stdout.write(printable(text) + "\n")
