"""Numbers that have to be kept and numbers that are trained, from what the cells say of their bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evidence.design import RANK
from evidence.reading import Reader

#: Bytes of a number (f16).
WIDTH = 2


def kept(found: Mapping[str, Any] | None) -> int | None:
    """Bytes of all of it: the factors of a LoRA, or basis and cores."""
    if not found:
        return None
    return int(found["factors"] if "factors" in found else found["total"])


def trained(reader: Reader, cell: str) -> int | None:
    """Numbers that a cell has trained: those of a LoRA, or a core and what the basis grew by."""
    found = reader.bytes_of(cell)
    if not found:
        return None
    if "factors" in found:
        return int(found["factors"]) // WIDTH
    about = reader.book.cells[cell]
    before = 0
    if about.before:
        earlier = reader.bytes_of(about.before[0])
        if not earlier:
            return None
        before = int(earlier["factors"] if "factors" in earlier else earlier["basis"])
    grown = max(0, int(found["basis"]) - before)
    return (grown + int(found["cores"][about.mode])) // WIDTH


def loras(reader: Reader, count: int, rank: int = RANK) -> int | None:
    """Bytes of so many LoRAs of a rank on the same modules."""
    for cell in reader.book:
        if cell.method == "own" and not cell.tries and (found := reader.bytes_of(cell.name)):
            return int(found["factors"]) // int(cell.settings["directions"]) * rank * count
    return None


def mean(values: Sequence[float]) -> float | None:
    """None of none."""
    return sum(values) / len(values) if values else None
