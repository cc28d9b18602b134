"""What changing the mode costs: the call itself, the first token after it, the memory of one more mode."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from benchmarks.models import BASE, RANK, random_mode
from benchmarks.report import alternate, ratio, say, spread
from engine.contract import Scales
from engine.llama.adapters import AdapterShelf
from engine.llama.context import ContextOptions, LlamaContext, Row, default_threads
from engine.llama.model import LlamaModel
from tui.core.models import starter_model

ROUNDS = 15


class Switching:
    """A context with two modes installed, that tells how long things take."""

    def __init__(self, path: Path) -> None:
        self.model = LlamaModel(path, 0, lambda _fraction: True)
        self.context = LlamaContext(self.model, ContextOptions(1024, default_threads(), flash=False))
        self.shelf = AdapterShelf(self.model)
        self.rss: list[float] = []
        for seed, name in enumerate("abcd"):
            basis, coefficients = random_mode(self.model, BASE, seed)
            before = psutil.Process().memory_info().rss
            self.shelf.install(name, basis, coefficients, BASE)
            self.rss.append((psutil.Process().memory_info().rss - before) / 1e6)
        self.turn = 0

    def call(self) -> float:
        """Microseconds of one change from mode to mode."""
        self.turn += 1
        active = self.shelf.active((("ab"[self.turn % 2], 1.0),))
        began = time.perf_counter()
        self.context.set_adapters(active)
        return (time.perf_counter() - began) * 1e6

    def token(self, scales: Scales) -> float:
        """Milliseconds of one token on an empty context, read with these scales."""
        self.context.clear(0)
        self.context.set_adapters(self.shelf.active(scales))
        began = time.perf_counter()
        self.context.decode([Row(500, 0, 0, True)])
        self.context.logits()
        return (time.perf_counter() - began) * 1000

    def after_switch(self) -> float:
        self.turn += 1
        return self.token((("ab"[self.turn % 2], 1.0),))

    def steady(self) -> float:
        self.token((("a", 1.0),))
        return self.token((("a", 1.0),))

    def base(self) -> float:
        self.token(())
        return self.token(())


def main() -> None:
    """Print the switching table."""
    path = starter_model()
    assert path is not None
    switching = Switching(path)
    figures = alternate(
        {
            "call": switching.call,
            "after": switching.after_switch,
            "steady": switching.steady,
            "base": switching.base,
        },
        ROUNDS,
    )
    size = switching.shelf.sizes()["a"] / 1e6
    say(f"Mode switch, rank {RANK} on attention output and feed-forward down, {ROUNDS} alternating rounds")
    say(f"  {'the call':<42} {spread(figures['call'], 'µs')}")
    say(f"  {'first token after it':<42} {spread(figures['after'], 'ms')}")
    say(f"  {'a token in the same mode':<42} {spread(figures['steady'], 'ms')}")
    say(f"  {'a token of the base model':<42} {spread(figures['base'], 'ms')}")
    say(f"  {'first token after / a token in the mode':<42} {ratio(figures['after'], figures['steady'])}")
    say(f"  {'a token in the mode / of the base':<42} {ratio(figures['steady'], figures['base'])}")
    say(f"  {'memory of one installed mode, tensors':<42} {size:,.1f} MB")
    say(f"  {'resident growth by one more mode':<42} {spread(switching.rss[1:], 'MB')}")
