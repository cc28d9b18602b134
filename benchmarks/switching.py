"""What changing the mode costs in every engine, here and on servers, side by side.

``python -m benchmarks switching [--server URL ...]``. Time to the first token of a short prompt that was
never read before: in the mode of the answer before it, in another one, and in one that is used for the first
time, with what brings it there (`install`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from benchmarks.places import Opening, anywhere
from benchmarks.report import alternate, ratio, say, spread
from engine.contract import Engine, Message, Request, Sampling
from modes.share.library import Library, Shelved
from tui.core.coefficients import SHIPPED

ROUNDS = 6
_numbers = count()


def first_token(engine: Engine, mode: str) -> float:
    """Milliseconds to the first token in ``mode``."""
    talk = (Message("system", "."), Message("user", f"{next(_numbers)} is a number. Name another."))
    began = time.perf_counter()
    for chunk in engine.generate(Request(talk, Sampling(0.0), max_tokens=1, scales=((mode, 1.0),))):
        if chunk.text or chunk.tokens:
            break
    return (time.perf_counter() - began) * 1000


class Switching:
    """Two modes that are used by turns, each a few times one after the other."""

    def __init__(self, engine: Engine, modes: Sequence[str]) -> None:
        self._engine, self._modes, self._at = engine, modes, 0

    def other(self) -> float:
        self._at = (self._at + 1) % 2
        return first_token(self._engine, self._modes[self._at])

    def same(self) -> float:
        return first_token(self._engine, self._modes[self._at])


def cold(opening: Opening, shelved: Shelved) -> tuple[Engine, list[float]]:
    """An engine with all modes, and milliseconds of bringing each there until its first token."""
    engine = opening()
    base = engine.fingerprint() or ""
    first_token_of_base(engine)
    figures = []
    for name, coefficients in shelved.modes.items():
        began = time.perf_counter()
        engine.install(name, replace(shelved.basis, base=base), coefficients)
        first_token(engine, name)
        figures.append((time.perf_counter() - began) * 1000)
    return engine, figures


def first_token_of_base(engine: Engine) -> None:
    """Whatever an engine does at its very first answer is no matter of modes."""
    for _ in engine.generate(Request((Message("user", "hi"),), Sampling(0.0), max_tokens=1)):
        pass


def main(urls: Sequence[str] = ()) -> None:
    """Print a table a place."""
    shelved = Library(SHIPPED).load()
    say(f"Milliseconds to the first token; {len(shelved.modes)} modes cold, {ROUNDS} alternating rounds warm")
    for name, opening in anywhere(urls):
        tell(name, opening, shelved)


def tell(name: str, opening: Opening, shelved: Shelved) -> None:
    """Measure and print one place."""
    engine, brought = cold(opening, shelved)
    two = Switching(engine, sorted(shelved.modes)[:2])
    figures = alternate({"other": two.other, "same": two.same}, ROUNDS)
    engine.close()
    say(f"  {name}")
    say(f"    {'brought there and used for the first time':<44} {spread(brought, 'ms')}")
    say(f"    {'in another mode than before':<44} {spread(figures['other'], 'ms')}")
    say(f"    {'in the same mode':<44} {spread(figures['same'], 'ms')}")
    say(f"    {'in another / in the same':<44} {ratio(figures['other'], figures['same'])}")
