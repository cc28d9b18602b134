"""Speed of the starter's modes over the base's, in turn: writing and reading, on an empty context and deep.

``python -m benchmarks modes``. The last row is the largest mode as llama.cpp's converter writes it: in
float32, with its rank as it is (`engine.llama.adapters` says what is otherwise here).
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.report import median_interval, say
from engine.adapter_file import write_adapter_file
from engine.llama import adapters
from engine.llama.engine import LlamaEngine, LlamaOptions
from modes.share.compaction import core_bytes
from modes.share.library import Library
from tui.core.coefficients import SHIPPED
from tui.core.evaluation.speed import Stopwatch, Timed
from tui.core.models import starter_model

TOKENS, ROUNDS = 48, 12


def converted(path: Path, architecture: str, factors: Any, _packed: object) -> int:
    """Nothing packed, whatever is asked."""
    return write_adapter_file(path, architecture, factors)


def median(pairs: list[float]) -> str:
    """With the 95 % interval of the median."""
    low, high = median_interval(pairs)
    return f"{statistics.median(pairs):.3f} ({low:.3f} to {high:.3f})"


def beside(timed: list[Timed], who: str, depth: int) -> str:
    """Ratios to the neighbouring runs of the base."""
    ours, base = ([one for one in timed if (one.who, one.depth) == (name, depth)] for name in (who, ""))
    writing = [a.rate / b.rate for a, b in zip(ours, base, strict=True)]
    reading = [a.prefill / b.prefill for a, b in zip(ours, base, strict=True) if a.prefill and b.prefill]
    return f"writing {median(writing)}, reading {median(reading)}"


def main() -> None:
    """Print the rows of docs/performance.md."""
    model = starter_model()
    assert model is not None, "the extra [starter] is not installed"
    shipped = Library(SHIPPED).load()
    smallest, *_, largest = sorted(shipped.modes, key=lambda name: core_bytes(shipped.modes[name]))
    as_it_is = f"{largest}, as converted"
    engine = LlamaEngine(model, LlamaOptions(context=1024, slots=1), lambda _fraction: True)
    for name in (smallest, largest):
        engine.install(name, shipped.basis, shipped.modes[name])
    with (
        mock.patch.object(adapters, "dot_length", lambda: 1),
        mock.patch.object(adapters, "write_adapter_file", converted),
    ):
        engine.install(as_it_is, shipped.basis, shipped.modes[largest])
    scales = {"": (), **{name: ((name, 1.0),) for name in (smallest, largest, as_it_is)}}
    watch = Stopwatch(engine, TOKENS)
    timed = list(watch.samples(scales, ROUNDS))
    engine.close()
    for depth in watch.depths:
        rate = statistics.median(one.rate for one in timed if (one.who, one.depth) == ("", depth))
        say(f"depth {depth}: the base writes {rate:.0f} tok/s")
        for who in list(scales)[1:]:
            say(f"  {who} / base: {beside(timed, who, depth)}")
