"""Reports on standard output: rows, or one JSON object. Nothing in them steers a terminal."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence

from modes.tables import printable


def write_json(report: Mapping[str, object]) -> None:
    """One JSON object on one line; paths become text, and a number that is infinite or none at all null."""
    sys.stdout.write(json.dumps(_finite(report), ensure_ascii=False, default=str, allow_nan=False) + "\n")


def _finite(value: object) -> object:
    """JSON has no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value


def write_rows(rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need to be, the last one ragged."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def write_line(text: str) -> None:
    """One line, without what could steer a terminal."""
    sys.stdout.write(printable(text) + "\n")
