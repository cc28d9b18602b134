"""Makes what a cell asks: trains it, merges, compacts or scrambles what others have made, and keeps it.

Runs in a process of its own, for torch and llama.cpp starve each other in one.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.lowrank import Basis, Coefficients, Core
from engine.memo import remember, remembered
from evidence.book import Book
from evidence.cell import COUNTS, MERGED, SEQUENCE, Ask, Cell
from evidence.files import Site
from evidence.items import items_of, prompt_of
from evidence.shipping import shipped
from modes.evaluation.domains import domain
from modes.evaluation.overlap import assert_unseen
from modes.share.change import Adapter
from modes.share.exchange.base import BaseModel
from modes.share.library import Library, Shelved
from modes.share.subspace import build, grow, project, reconstructed, seeded
from modes.training.data import Sample, from_examples, in_prompt
from modes.training.keeping import Place
from modes.training.plan import TARGETS, Plan
from tui.core.coefficients import SHIPPED

if TYPE_CHECKING:
    from modes.training.loop import Standing

_PLAN = {field.name for field in fields(Plan)}


@dataclass(frozen=True)
class Maker:
    """Makes cells of ``book``; ``report`` is told of every cell's steps of training and may interrupt it."""

    book: Book
    report: Callable[[str, Standing], bool]

    @property
    def _site(self) -> Site:
        return self.book.site

    @cached_property
    def _identity(self) -> str:
        return identified(self._site)

    def make(self, cell: Cell) -> None:
        """Make ``cell``, and first what it begins with, unless it is there or ships. Raises as training."""
        library = self.book.library(cell)
        if cell.makes and library.current() is not None:
            return
        if (found := shipped(self.book, cell, Library(SHIPPED))) is not None:
            library.save(found)
            return
        for name in cell.before:
            self.make(self.book.cells[name])
        if not cell.makes:
            return
        settled = self.book.settled(cell)
        began = time.time()
        before = [self.book.library(self.book.cells[name]).load() for name in cell.before]
        found = _WAYS[cell.method](self, settled, before)
        notes = {"seconds": round(time.time() - began, 1), **found.notes}
        library.save(replace(found, notes=notes))
        shutil.rmtree(self._site.training(self.book.made_key(cell)), ignore_errors=True)

    def _learned(self, cell: Cell, begun: Basis | Adapter | None = None) -> tuple[Adapter, dict[str, Any]]:
        """What training finds, and its record."""
        from modes.training.learn import learn

        settings: dict[str, Any] = {name: value for name, value in cell.settings.items() if name in _PLAN}
        plan = Plan(seed=cell.seed, **settings)
        place = Place(self._site.training(self.book.made_key(self.book.cells[cell.name])))
        samples = samples_of(cell.domain, cell.topic, int(cell.settings.get("wordings", 0)))
        report = partial(self.report, cell.name)
        lesson = learn(self._site.model, self._identity, samples, plan, place, report, begun)
        return lesson.learned.adapter, {"record": {**lesson.record, "steps": len(lesson.learned.losses)}}

    def _own(self, cell: Cell, _before: list[Shelved]) -> Shelved:
        adapter, notes = self._learned(cell)
        built = build({cell.domain: adapter}, self._identity, tolerance=0.0)
        return Shelved(built.basis, built.modes, notes)

    def _sequence(self, cell: Cell, before: list[Shelved]) -> Shelved:
        (only,) = _adapters(before[0]).values()
        adapter, notes = self._learned(cell, only)
        built = build({SEQUENCE: adapter}, self._identity, tolerance=0.0)
        return Shelved(built.basis, built.modes, notes)

    def _grown(self, cell: Cell, before: list[Shelved]) -> Shelved:
        old = before[0] if before else self._begun(cell)
        adapter, notes = self._learned(cell, old.basis if old.basis.modules else None)
        basis, modes = grow(old.basis, old.modes, adapter)
        found, errors = project(basis, adapter)
        notes["error"] = round(max(errors.values(), default=0.0), 6)
        return Shelved(basis, {**modes, cell.mode: found}, notes)

    def _begun(self, cell: Cell) -> Shelved:
        """Random directions where a rank is asked for, else none."""
        rank = int(cell.settings.get("rank", 0))
        shapes = BaseModel.of(self._site.model).shapes if rank else {}
        wanted = {name: one for name, one in shapes.items() if name.split(".")[2] in TARGETS}
        return Shelved(seeded(wanted, rank, self._identity, cell.seed), {})

    def _compacted(self, cell: Cell, before: list[Shelved]) -> Shelved:
        built = build(_adapters(before[0]), self._identity, tolerance=0.0, rank=int(cell.settings["rank"]))
        errors = {mode: round(max(one.values()), 6) for mode, one in built.errors.items()}
        return Shelved(built.basis, built.modes, {"errors": errors})

    def _scrambled(self, cell: Cell, before: list[Shelved]) -> Shelved:
        rng = np.random.default_rng(cell.seed)
        modes = {mode: _random_like(one, rng) for mode, one in before[0].modes.items()}
        return Shelved(before[0].basis, modes)

    def _merged(self, cell: Cell, before: list[Shelved]) -> Shelved:
        from evidence.merging import merged

        adapters = [adapter for one in before for adapter in _adapters(one).values()]
        adapter, error = merged(adapters, cell.method, cell.settings, cell.seed)
        built = build({MERGED: adapter}, self._identity, tolerance=0.0)
        return Shelved(built.basis, built.modes, {"error": round(error, 6)})


_WAYS: dict[str, Callable[[Maker, Cell, list[Shelved]], Shelved]] = {
    "own": Maker._own,
    "equal": Maker._own,
    "sequence": Maker._sequence,
    "share": Maker._grown,
    "core": Maker._grown,
    "random": Maker._grown,
    "many": Maker._grown,
    "compact": Maker._compacted,
    "coefficients": Maker._scrambled,
    "linear": Maker._merged,
    "ties": Maker._merged,
    "dare": Maker._merged,
}


def samples_of(name: str, topic: str = "", wordings: int = 0) -> list[Sample]:
    """All there is to learn of a domain or of one topic, without a system prompt and with the mode's own.

    With ``wordings`` no fact is told in more of them. Raises `SeenInTraining` if a test item is among it.
    """
    examples = [one for one in domain(name).examples("") if topic in ("", one.topic)]
    if wordings:
        by_fact = groupby(sorted(examples, key=attrgetter("fact")), key=attrgetter("fact"))
        examples = [one for _, told in by_fact for one in islice(told, wordings)]
    for split, count in COUNTS.items():
        assert_unseen(examples, items_of(Ask(name, "", split, count)))
    return in_prompt(from_examples(examples, f"domain {name}"), prompt_of(name))


def identified(site: Site) -> str:
    """Fingerprint of the base, remembered."""
    from engine.fingerprint import fingerprint

    found = remembered(site.model, site.memo)
    if not isinstance(found, str):
        found = fingerprint(site.model)
        remember(site.model, found, site.memo)
    return str(found)


def _adapters(shelved: Shelved) -> dict[str, Adapter]:
    return {mode: reconstructed(shelved.basis, one) for mode, one in shelved.modes.items()}


def _random_like(coefficients: Coefficients, rng: np.random.Generator) -> Coefficients:
    """Cores of the same sizes and Frobenius norms, in no direction that was learned."""
    cores = {}
    for name, core in coefficients.cores.items():
        drawn = rng.standard_normal(core.dense().shape)
        wanted = np.linalg.norm(core.dense()) / np.linalg.norm(drawn)
        cores[name] = Core((drawn * wanted).astype(np.float32))
    return Coefficients(cores)
