"""The MLX engine on the starter and its modes: mixed batches, what a mode costs, what the engine does.

``python -m benchmarks.mlx``; apart from the rest, because it needs the extra mlx. With ``--processor-time``
the clock is what this process had of the processor: on a CPU that others use too, its ratios still hold.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx_lm.generate import generate_step

from benchmarks.report import alternate, ratio, say, spread
from engine.contract import Engine, Message, Request, Sampling, Scales
from engine.mlx.engine import MlxEngine, MlxOptions
from engine.mlx.gguf_model import load_gguf
from engine.mlx.share import Mix, Selection
from modes.share.library import Library
from tui.core.models import starter_model

TOKENS, TOGETHER, ROUNDS = 8, 8, 5
#: Short, because reading is slow on a CPU, and read once for all rows of a mode.
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


def rate(engine: Engine, requests: list[Request]) -> float:
    """Tokens per second of all answers together, once each has its first token."""
    streams = [engine.generate(one) for one in requests]
    for stream in streams:
        next(chunk for chunk in stream if chunk.tokens)
    began = _now()
    lasts = [list(stream)[-1] for stream in streams]
    return sum(last.usage.decode_tokens for last in lasts if last.usage) / (_now() - began)


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

    def rows(*settings: Scales, count: int = 1) -> float:
        which = islice(cycle(settings), count)
        return rate(engine, [Request(STORY, _GREEDY, TOKENS, scales=scales) for scales in which])

    for scales in ((), *modes):
        rows(scales)

    say(f"MLX {mx.__version__} on {engine.info.device}, {TOKENS} tokens each, {ROUNDS} alternating rounds")
    runs = {
        "mixed": partial(rows, *modes, count=TOGETHER),
        "uniform": partial(rows, modes[0], count=TOGETHER),
        "base": partial(rows, ()),
        "one mode": partial(rows, modes[0]),
        "mlx-lm": partial(alone, loaded.model, prompt),
    }
    figures = alternate(runs, ROUNDS)
    for name, found in figures.items():
        say(f"  {name:<52} {spread(found, 'tok/s')}")
    for what, ours, theirs in (
        (f"{len(modes)} modes in a batch of {TOGETHER} / one mode in it (≥ 0.95)", "mixed", "uniform"),
        ("one answer in a mode / of the base (≥ 0.95)", "one mode", "base"),
        ("the engine / generate_step of mlx-lm alone (≥ 0.97)", "base", "mlx-lm"),
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
