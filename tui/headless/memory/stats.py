"""``tui memory stats``: what is remembered, counted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memory.sqlite.statistics import Stats
from memory.temperature import STAGES
from tui.headless.report import write_json, write_rows

SCHEMA = 1


def tell(stats: Stats, file: Path, as_json: bool) -> None:
    """Print it, as rows or as one JSON object."""
    if as_json:
        write_json(as_object(stats, file))
        return
    rows = [("memories", f"{stats.memories:,} in {file}, {stats.bytes / 1e6:,.1f} MB")]
    rows.append(("recallable", f"{stats.recallable:,}, and {stats.hidden:,} hidden"))
    rows.append(("from", _listed(stats.origins)))
    rows.append(("stages", _listed({name: stats.stages.get(name, 0) for _, name in STAGES})))
    rows.append(("domains", _listed({name or "none": count for name, count in _largest(stats.domains)})))
    for name, (count, dim) in stats.models.items():
        rows.append(("vectors", f"{count:,} of {dim:,} dimensions by {name}"))
    if not stats.models:
        rows.append(("vectors", "none: found by keywords only (tui memory embed)"))
    for name, at in stats.marks.items():
        rows.append((name, time.strftime("%Y-%m-%d %H:%M", time.localtime(at))))
    write_rows(rows)


def as_object(stats: Stats, file: Path) -> dict[str, object]:
    """All of it; times are seconds since 1970, UTC."""
    return {
        "schema": SCHEMA,
        "file": str(file),
        "memories": stats.memories,
        "recallable": stats.recallable,
        "hidden": stats.hidden,
        "origins": dict(stats.origins),
        "stages": dict(stats.stages),
        "domains": {name or "": count for name, count in stats.domains.items()},
        "vectors": {name: {"count": count, "dim": dim} for name, (count, dim) in stats.models.items()},
        "marks": dict(stats.marks),
        "recalls": stats.recalls,
        "bytes": stats.bytes,
    }


def _listed(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count) or "none"


def _largest(domains: Mapping[str | None, int], most: int = 12) -> list[tuple[str | None, int]]:
    return sorted(domains.items(), key=lambda one: -one[1])[:most]
