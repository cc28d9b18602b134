"""Where everything lies: finished cells in the repository, what was trained in a folder that git ignores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modes.evaluation.run import write_json

SCHEMA = 1
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Site:
    """``results`` has a JSON file for each cell, ``page`` is made of them; ``work`` may be thrown away."""

    model: Path
    results: Path = _ROOT / "docs" / "results"
    page: Path = _ROOT / "docs" / "results.md"
    work: Path = _ROOT / "build" / "evidence"

    @property
    def memo(self) -> Path:
        """Where the identity of the base is remembered."""
        return self.work / "models.json"

    def made(self, key: str) -> Path:
        """The library of what has this key."""
        return self.work / "made" / key

    def training(self, key: str) -> Path:
        """Its checkpoint while it is trained."""
        return self.work / "training" / key

    def scoring(self, cell: str) -> Path:
        """Outcomes of a cell, until all are there."""
        return self.work / "scoring" / cell

    def result(self, cell: str) -> Path:
        """The file of a finished cell."""
        return self.results / f"{cell}.json"


def write_result(site: Site, result: Mapping[str, Any]) -> Path:
    """Replace the file of a cell in one step."""
    site.results.mkdir(parents=True, exist_ok=True)
    path = site.result(result["cell"])
    write_json(path, {"schema": SCHEMA, **result})
    return path


def read_result(site: Site, cell: str) -> dict[str, Any] | None:
    """What was found of a cell; None when there is nothing, or nothing that this program reads."""
    try:
        found = json.loads(site.result(cell).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else None
