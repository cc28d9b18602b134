"""The MLX engine on the starter and its modes: mixed batches, what a mode costs, what the engine does.

``python -m benchmarks.mlx``; apart from the rest, because it needs the extra mlx. With ``--processor-time``
the clock is what this process had of the processor: on a CPU that others use too, its ratios still hold.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx_lm.generate import generate_step, generation_stream

from benchmarks.report import alternate, ratio, say, spread
from engine.contract import Message, Request, Sampling, Scales
from engine.mlx.conditioned import Conditioned
from engine.mlx.engine import MlxEngine, MlxOptions
from engine.mlx.gguf_model import load_gguf
from engine.mlx.rows import BatchRows, Start, Written
from engine.mlx.sampling import greedy
from engine.mlx.share import BASE, Mix, Selection
from modes.share.library import Library
from tui.core.models import starter_model

TOKENS, STEPS, TOGETHER, ROUNDS = 8, 4, 8, 5
#: Short, because reading is slow on a CPU.
STORY = (Message("system", "."), Message("user", "A long story, please."))
_CHANGES = 400
_GREEDY = Sampling(temperature=0.0)
_now: Callable[[], float] = time.process_time if "--processor-time" in sys.argv else time.perf_counter


def alone(model: Any, prompt: list[int]) -> float:
    """Tokens per second of mlx-lm's own loop after the first token."""
    steps = generate_step(mx.array(prompt), model, max_tokens=TOKENS)
    next(steps)
    began = _now()
    count = sum(1 for _ in steps)
    return count / (_now() - began)


def through_engine(engine: MlxEngine) -> float:
    """The same through the engine, between the first and the last chunk with a token in it."""
    answer = engine.generate(Request(STORY, _GREEDY, TOKENS))
    seen = [(_now(), len(chunk.tokens)) for chunk in answer if chunk.tokens]
    return sum(count for _, count in seen[1:]) / (seen[-1][0] - seen[0][0])


def batch(model: Conditioned, mixes: Sequence[Mix]) -> Callable[[], float]:
    """Measures tokens per second of all rows together; the rows go on from one time to the next."""
    rows = BatchRows(model, len(mixes))
    for mix in mixes:
        rows.insert(Start([5, 6, 7], [], None, mix, greedy, ()))
    for _ in range(3):
        list(rows.step(8))
    mx.synchronize(generation_stream)

    def measure() -> float:
        began = _now()
        written = sum(isinstance(event, Written) for _ in range(STEPS) for event in rows.step(8))
        mx.synchronize(generation_stream)  # the step that runs ahead is not another's
        return written / (_now() - began)

    return measure


def change(selection: Selection, rows: list[list[Mix]]) -> float:
    """Microseconds of a change from one of these rows to the next."""
    turns = cycle(rows)
    began = _now()
    for _ in range(_CHANGES // len(rows[0])):
        selection.choose(next(turns))
    return (_now() - began) / (_CHANGES // len(rows[0])) * 1e6


def main() -> None:
    """Print the table."""
    path = starter_model()
    assert path is not None
    shelved = Library(Path("modes/starter")).load()
    options = MlxOptions(context=512, slots=TOGETHER)
    engine = MlxEngine(path, options, lambda _fraction: True)
    for name, coefficients in shelved.modes.items():
        engine.install(name, shelved.basis, coefficients)
    modes: list[Scales] = [((name, 1.0),) for name in shelved.modes]
    loaded = load_gguf(path, lambda _fraction: True)
    prompt = loaded.vocabulary.prompt_tokens(engine._parts.template.render(STORY))

    mixes = [engine._parts.shelf.mix(scales) for scales in modes]

    def on_its_thread(rows: list[Mix]) -> Callable[[], float]:
        measure = engine._run(lambda parts: batch(parts.reader.model, rows))
        return lambda: engine._run(lambda _parts: measure())

    say(f"MLX {mx.__version__} on {engine.info.device}, {ROUNDS} alternating rounds")
    runs: dict[str, Callable[[], float]] = {
        "mixed": on_its_thread([mixes[at % len(mixes)] for at in range(TOGETHER)]),
        "uniform": on_its_thread(mixes[:1] * TOGETHER),
        "base": on_its_thread([BASE]),
        "one mode": on_its_thread(mixes[:1]),
        "engine": partial(through_engine, engine),
        "mlx-lm": partial(alone, loaded.model, prompt),
    }
    figures = alternate(runs, ROUNDS)
    for name, found in figures.items():
        say(f"  {name:<52} {spread(found, 'tok/s')}")
    for what, ours, theirs in (
        (f"{len(modes)} modes in a batch of {TOGETHER} / one mode in it (≥ 0.95)", "mixed", "uniform"),
        ("one row in a mode / of the base (≥ 0.95)", "one mode", "base"),
        ("the engine / generate_step of mlx-lm alone (≥ 0.97)", "engine", "mlx-lm"),
    ):
        say(f"  {what:<52} {ratio(figures[ours], figures[theirs])}")
    _changes(engine, modes)
    loaded.vocabulary.close()
    engine.close()


def _changes(engine: MlxEngine, modes: list[Scales]) -> None:
    shelf, selection = engine._parts.shelf, engine._parts.selection
    mixes = [shelf.mix(scales) for scales in modes]
    alike = engine._run(lambda _parts: change(selection, [[mix] * TOGETHER for mix in mixes]))
    batches = [[mixes[(at + turn) % len(mixes)] for at in range(TOGETHER)] for turn in range(len(mixes))]
    mixed = engine._run(lambda _parts: change(selection, batches))
    say(f"  {'a change from one mode to another':<52} {alike:,.0f} µs")
    say(f"  {'a change of who is in which of the modes in a batch':<52} {mixed:,.0f} µs")


if __name__ == "__main__":
    main()
