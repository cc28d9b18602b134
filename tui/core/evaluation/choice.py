"""What a run is to ask: domains, modes, how many items, and with which salt.

This module must not know an engine, nor what came of anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from modes.blend import BASE
from modes.catalog import Catalog
from modes.evaluation import domains
from modes.evaluation.item import Item, Split
from modes.evaluation.jsonl import read_items
from modes.evaluation.statistics import FEWEST
from modes.voice import Voice
from tui.core.evaluation.endings import NothingToAsk

#: Trained facts in unseen wordings: what a mode has to have learned, and what it must not forget.
SPLIT: Split = "T1"
GENERAL = "general"
_OWN_SET = ".jsonl"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is asked.

    Items of a domain: ``own`` of its mode and the base, ``fresh`` of them with a fresh salt, ``crossing`` of
    every other mode, ``general`` of every mode, ``again`` a second time. ``rounds`` of timing, of ``tokens``
    each; ``alone``: whether the coefficients are asked without the mode's prompt too.
    """

    name: str
    own: int
    fresh: int
    crossing: int
    general: int
    again: int
    rounds: int
    tokens: int
    alone: bool

    def of(self, items: int | None) -> Size:
        """The same with ``items`` of a domain, and no more than that of anything."""
        if items is None:
            return self
        fewer = {name: min(items, getattr(self, name)) for name in ("fresh", "crossing", "general", "again")}
        return replace(self, own=items, **fewer)


QUICK = Size("quick", 60, 20, 20, 20, 5, 5, 32, alone=False)
FULL = Size("full", 500, 250, 100, 200, 20, 7, 64, alone=True)


@dataclass(frozen=True, slots=True)
class Subject:
    """A domain, or the operator's own test set, with the items that are asked of it."""

    name: str
    items: tuple[Item, ...]
    fresh: tuple[Item, ...] = ()

    @property
    def digest(self) -> str:
        """12 hex digits that change with the items, those of the fresh salt left out."""
        asked = "\n".join(map(repr, self.items))
        return hashlib.sha256(asked.encode(errors="replace")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked of whom. ``modes`` by the text that names each; without a fresh salt, no fresh items."""

    subjects: tuple[Subject, ...]
    modes: Mapping[str, Voice]
    size: Size
    salt: str = ""
    fresh_salt: str | None = None

    def freshened(self, fresh_salt: str) -> Choice:
        """The same, with items of that salt beside those of the fixed one."""
        subjects = tuple(_freshened(subject, self.size, fresh_salt) for subject in self.subjects)
        return replace(self, subjects=subjects, fresh_salt=fresh_salt)

    def at_home(self, subject: Subject) -> list[str]:
        """The modes whose domain that is; for a test set that none has, all of them."""
        own = [spec for spec, voice in self.modes.items() if subject.name in _homes(voice)]
        if own or subject.name in domains.NAMES:
            return own
        return list(self.modes)


def chosen(
    catalog: Catalog,
    size: Size,
    wanted_domains: Sequence[str] | None,
    wanted_modes: Sequence[str] | None,
    salt: str = "",
) -> Choice:
    """Look everything up; None means all domains, and every mode that has one of them.

    With a test set that no mode has, it means every mode.

    A domain may be a test set of the operator's, a file that ends in .jsonl. Raises `UnknownDomain`,
    `VoiceError`, `BadTestSet`, `NothingToAsk`.
    """
    names = list(dict.fromkeys(domains.NAMES if wanted_domains is None else wanted_domains))
    stems = [Path(name).stem if name.endswith(_OWN_SET) else name for name in names]
    twice = next((stem for stem in stems if stems.count(stem) > 1), None)
    if twice is not None:
        raise NothingToAsk(f"two of the domains are called {twice}: leave one out, or rename its file")
    voices = {voice.spec: voice for voice in map(catalog.voice, wanted_modes or ())}
    for name in names:  # before the long work of making items
        if not name.endswith(_OWN_SET):
            domains.check(name)
    if wanted_modes is None:
        found = [catalog.voice(name) for name in catalog.modes]
        homeless = set(stems).difference(domains.NAMES, *map(_homes, found))
        voices = {voice.spec: voice for voice in found if homeless or set(stems).intersection(_homes(voice))}
    voices.pop(BASE, None)
    subjects = tuple(_subject(name, size, salt) for name in names)
    subjects = tuple(subject for subject in subjects if subject.items)
    if not subjects:
        raise NothingToAsk("none of these domains has an item to ask: name others (--domains)")
    return Choice(subjects, voices, size, salt)


def _homes(voice: Voice) -> tuple[str, ...]:
    return (voice.lead.name, *voice.lead.memory.domains)


def _subject(name: str, size: Size, salt: str) -> Subject:
    if name.endswith(_OWN_SET):
        items = read_items(Path(name))
        return Subject(Path(name).stem, tuple(items[: size.own]))
    return Subject(name, tuple(_first(name, size.general if name == GENERAL else size.own, salt)))


def _first(name: str, count: int, salt: str) -> list[Item]:
    """The first ``count`` items of a domain: those of a small run begin those of a large one.

    A domain that draws its questions draws others for another count, and what the notes of a subspace keep
    (docs/evaluation.md) is of these.
    """
    made = domains.domain(name).items
    found = made(SPLIT, FULL.own, salt)
    if count > len(found) == FULL.own:
        known = {item.id for item in found}
        found += [item for item in made(SPLIT, count, salt) if item.id not in known]
    return found[:count]


def _freshened(subject: Subject, size: Size, fresh_salt: str) -> Subject:
    if subject.name == GENERAL or subject.name not in domains.NAMES:
        return subject
    return replace(subject, fresh=_others(subject, size.fresh, fresh_salt))


def _others(subject: Subject, count: int, salt: str) -> tuple[Item, ...]:
    """At most ``count`` items of that salt whose question is not among the fixed ones.

    None where they are of too few facts to say anything: the fixed ones may have nearly all of a domain.
    """
    known = {item.prompt for item in subject.items}
    made = domains.domain(subject.name).items(SPLIT, count + len(known), salt)
    found = tuple(item for item in made if item.prompt not in known)[:count]
    return found if len({item.fact for item in found}) >= FEWEST else ()
