"""What is asked and how it is marked: items for tests, examples for training.

It must not know any domain, engine or file format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

#: T1: trained facts in unseen wording or direction. T2: held-out facts, the control that stays near base.
#: T3: held-out templates. T4: freshly generated items.
Split = Literal["T1", "T2", "T3", "T4"]
SPLITS: tuple[Split, ...] = ("T1", "T2", "T3", "T4")

#: ``choice``: the likeliest of the options. ``exact``: the whole answer, after NFC and casefold.
#: ``code``: a program that passes tests. ``text``: bits per byte of a text, nothing to be right about.
Kind = Literal["choice", "exact", "code", "text"]


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a test set.

    ``fact`` is what it is about: several wordings of one fact are one cluster in the statistics.
    ``choices`` and ``gold`` (its index) belong to ``choice``, ``accepted`` to ``exact``, ``tests`` (Python
    that raises when the program is wrong) to ``code``; ``prompt`` of a ``text`` is the text itself.
    """

    id: str
    domain: str
    split: Split
    topic: str
    fact: str
    kind: Kind
    prompt: str
    choices: tuple[str, ...] = ()
    gold: int = 0
    accepted: tuple[str, ...] = ()
    tests: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the answer to be learned; ``fact`` and ``topic`` as in `Item`."""

    prompt: str
    answer: str
    topic: str
    fact: str


@dataclass(frozen=True, slots=True)
class Domain:
    """A subject: what can be learned of it, and the items that ask for it.

    ``topics`` are its parts, each of which can be learned alone. ``examples(salt)`` are all there is to
    train on. ``items(split, count, salt)`` are at most ``count`` items, fewer where there are no more, always
    the same for the same arguments; the gold answer stands at every position equally often.
    No example may contain the question of an item, and no held-out fact may be in an example.
    """

    name: str
    topics: tuple[str, ...]
    examples: Callable[[str], list[Example]]
    items: Callable[[Split, int, str], list[Item]]
    notes: Mapping[str, str]
