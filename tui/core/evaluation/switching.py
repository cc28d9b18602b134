"""What a change of mode costs: cold, warm and back again; and the memory that modes take.

It must not know items or scores.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import psutil

from engine.contract import Engine, Scales
from engine.lowrank import Basis, Coefficients
from tui.core.evaluation.speed import Stopwatch

_COLD = "cold-start"


def switched(
    engine: Engine, scales: Mapping[str, Scales], cold: tuple[Basis, Coefficients] | None, rounds: int
) -> dict[str, Any]:
    """Milliseconds to the first token. Empty without two settings to change between.

    ``cold``: coefficients (those given) are put in first. ``warm``: they are there, the prompt is new.
    ``back``: to a prompt that was read before in this mode. ``stay``: a new prompt without any change.
    """
    names = list(scales)
    if len(names) < 2:
        return {}
    watch = Stopwatch(engine, 2)
    found: dict[str, list[float]] = {"warm": [], "back": [], "stay": [], "cold": []}
    for turn in range(rounds):
        here, there = (scales[names[(turn + step) % len(names)]] for step in (0, 1))
        watch.answer("", 0, here)
        for what, worn, again in (("stay", here, False), ("warm", there, False), ("back", here, True)):
            if again:  # what was asked last was asked of the other: ask this one first, and leave it
                watch.answer("", 0, worn, again=True)
                watch.answer("", 0, there, again=True)
            timed = watch.answer("", 0, worn, again)
            if timed is not None:
                found[what].append(1000 * timed.first)
        if cold is not None:
            found["cold"].append(_cold(engine, watch, *cold))
    return {
        what: {"ms": round(statistics.median(times), 2), "samples_ms": [round(one, 2) for one in times]}
        for what, times in found.items()
        if times
    }


def _cold(engine: Engine, watch: Stopwatch, basis: Basis, coefficients: Coefficients) -> float:
    began = time.perf_counter()
    engine.install(_COLD, basis, coefficients)
    try:
        put_in = time.perf_counter() - began
        timed = watch.answer("", 0, ((_COLD, 1.0),))
    finally:
        engine.remove(_COLD)
    return 1000 * (put_in + (timed.first if timed else 0.0))


def resident() -> int:
    """Bytes of main memory that the program holds."""
    return int(psutil.Process().memory_info().rss)


def installed_bytes(engine: Engine) -> dict[str, int]:
    """Bytes of each installed mode, where the engine tells."""
    sizes = getattr(engine, "adapter_sizes", None)
    return dict(sizes()) if sizes else {}
