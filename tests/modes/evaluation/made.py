"""Items and outcomes for tests, with whatever does not matter filled in."""

from __future__ import annotations

from typing import Any

from modes.evaluation.item import Item
from modes.evaluation.score import Outcome


def item(name: str = "one", **fields: Any) -> Item:
    usual: dict[str, Any] = {"domain": "rivers", "split": "T1", "topic": "banks", "fact": name}
    usual |= {"kind": "exact", "prompt": f"What of {name}?", "accepted": ("yes",)}
    return Item(id=name, **{**usual, **fields})


def choice(name: str = "one", *options: str, **fields: Any) -> Item:
    return item(name, kind="choice", choices=options or ("no", "yes"), accepted=(), **fields)


def outcome(name: str = "one", correct: bool = True, **fields: Any) -> Outcome:
    return Outcome(item=name, correct=correct, seconds=0.5, **fields)
