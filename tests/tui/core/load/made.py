"""Answers, turns and reports that nobody measured."""

from __future__ import annotations

from typing import Any

from tui.core.load import figures
from tui.core.load.figures import Turn
from tui.core.load.report import KIND, judged
from tui.core.load.wave import Heard

_WHO = ("base", "legal")


def answer(who: str, first: float, gap: float, tokens: int = 11, **more: Any) -> Heard:
    """One whose pieces are single tokens, ``gap`` seconds apart."""
    arrived = tuple(first + gap * at for at in range(tokens))
    return Heard(who, **{"sent": 0.0, "arrived": arrived, "tokens": tokens, "prompt": 20, **more})


def turns(
    count: int, slower: float = 1.0, number: int = 3, who: tuple[str, ...] = ("base", "legal")
) -> list[Turn]:
    """Tokens take ``slower`` times as long in every mode as without."""
    found = []
    for at in range(number):
        names = [_WHO[one % 2] for one in range(count)]
        mixed = tuple(
            answer(name, 0.1, 0.01 * (slower if name != "base" else 1.0), text=name) for name in names
        )
        found.append(Turn(count, at, mixed, tuple(answer(name, 0.1, 0.01) for name in names)))
    return found


def report(measured: list[Turn], **more: Any) -> dict[str, Any]:
    """Of the base and the mode legal, which has coefficients."""
    found: dict[str, Any] = {
        "schema": 1,
        "kind": KIND,
        "run": "then",
        "model": {"name": "tiny", "fingerprint": "abc"},
        "notes": [],
        "broken": "",
        "errors": [one.error for each in measured for one in each.mixed if one.error],
        "coefficients": ["legal"],
        "depth": None,
        "loads": list(figures.loads(measured)),
        "ratios": figures.ratios(measured),
        "modes": figures.by_mode(measured, ["base", "legal"]),
        "same": {},
        "items": {},
        "items_note": "",
        **more,
    }
    return {**found, "criteria": judged(found)}
