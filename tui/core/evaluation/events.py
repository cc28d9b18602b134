"""What happens in a run, as it is told to whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modes.evaluation.item import Item
from modes.evaluation.score import Outcome
from tui.core.evaluation.cells import Cell


@dataclass(frozen=True, slots=True)
class Planned:
    """The run is in ``folder``: ``total`` steps, of which an earlier try had ``done`` some."""

    folder: Path
    total: int
    done: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemDone:
    """One item of a cell was asked; ``done`` of ``total`` steps are over."""

    cell: Cell
    item: Item
    outcome: Outcome
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class CellDone:
    """All items of a cell were asked, now or before; ``right`` of ``asked``, texts left out."""

    cell: Cell
    right: int
    asked: int


@dataclass(frozen=True, slots=True)
class SpeedSample:
    """One answer timed: tokens per second of decoding after ``depth`` tokens."""

    who: str
    depth: int
    rate: float
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step of a load run: what it was, and what was seen."""

    text: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Noted:
    """Something to be said that stays."""

    text: str


@dataclass(frozen=True, slots=True)
class Reported:
    """The end: the report, which is in the folder as well (docs/evaluation.md has its fields)."""

    report: Mapping[str, Any]
    folder: Path


Event = Planned | ItemDone | CellDone | SpeedSample | StepDone | Noted | Reported
