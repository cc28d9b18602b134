"""The items that a cell puts, and the prompt of a mode. It must not know engine or torch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from evidence.cell import COUNTS, TUNING_SALT, Ask
from evidence.design import DOMAINS
from modes.catalog import Catalog
from modes.evaluation.domains import domain
from modes.evaluation.item import Item, Split
from modes.evaluation.overlap import overlaps


@cache
def items_of(ask: Ask) -> list[Item]:
    """The items that are put, always the same: none of which has its question among the examples."""
    whole, seen = _divided(ask.domain, ask.split, ask.salt)
    if ask.kind == "exact":
        whole = [_written(one) for one in whole if one.choices and "\n" not in one.choices[one.gold]]
    chosen = [
        one
        for one in whole
        if one.id not in seen and ask.topic in ("", one.topic) and ask.kind in ("", one.kind)
    ]
    return chosen[: ask.count]


def _written(choice: Item) -> Item:
    """The same question with no options: its right one is to be written, in one line."""
    return replace(choice, kind="exact", choices=(), gold=0, accepted=(choice.choices[choice.gold],))


def left_out(name: str, split: Split) -> int:
    """How many items of a split share eight words in a row, or all of them, with an example."""
    return len(_divided(name, split, "")[1])


@cache
def _divided(name: str, split: Split, salt: str) -> tuple[list[Item], frozenset[str]]:
    """All items, and the ids of those that were seen in training."""
    subject = domain(name)
    whole = subject.items(split, COUNTS[split], salt)
    if salt == TUNING_SALT:
        # Another salt draws other wrong options; the question is the same, so those of the test are left out.
        asked = {one.prompt for one in subject.items(split, COUNTS[split], "")}
        whole = [one for one in subject.items(split, 2 * COUNTS[split], salt) if one.prompt not in asked]
    return whole, frozenset(one.item for one in overlaps(subject.examples(""), whole))


def items_digest(items: Iterable[Item]) -> str:
    """What tells whether they are still the same."""
    return hashlib.sha256("\n".join(one.id for one in items).encode()).hexdigest()[:16]


def prompt_of(name: str) -> str:
    """The system prompt of the built-in mode of a domain; none where there is no such mode."""
    modes = Catalog.load(None).modes
    return modes[name].prompt if name in DOMAINS else ""
