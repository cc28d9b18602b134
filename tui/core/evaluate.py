"""One evaluation run: what both ``--bench`` and the evaluation screen show.

Nothing is written into conversations. Every outcome is in the run's folder before the next item is asked, so
that a run that was stopped goes on where it was. It must not know a screen.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from engine.contract import Engine, PromptTooLong, Scales
from modes.evaluation.results import About, Task, write_results
from modes.evaluation.run import RunFolder, write_json
from modes.evaluation.score import Setting, score_item
from modes.tables import printable
from tui.core.coefficients import Wardrobe
from tui.core.evaluation import cells, folder
from tui.core.evaluation.audited import audited
from tui.core.evaluation.cells import BASE, Cell
from tui.core.evaluation.choice import Choice
from tui.core.evaluation.events import CellDone, Event, ItemDone, Noted, Planned, Reported, SpeedSample
from tui.core.evaluation.keeping import forgotten
from tui.core.evaluation.report import KIND, SCHEMA, described, guarded, judged
from tui.core.evaluation.scores import scored
from tui.core.evaluation.speed import Stopwatch, Timed, ratios, tests
from tui.core.evaluation.subspace import Evaluated, evaluated
from tui.core.evaluation.switching import installed_bytes, resident, switched
from tui.core.evaluation.wearing import put_in, to_be_worn

#: Letters of a question by which it is told which item is left out.
_BEGINNING = 30


@dataclass(slots=True)
class Evaluation:
    """A run of ``choice`` on ``engine``, kept under ``runs``; ``load_seconds`` is for the report.

    The memories in the folder ``memories`` are audited for it, None: none are.

    It blocks: a screen runs it on a worker thread. Between two events it can be closed, and the next run of
    the same choice goes on from there.
    """

    engine: Engine
    wardrobe: Wardrobe | None
    runs: Path
    choice: Choice
    load_seconds: float | None = None
    memories: Path | None = None
    _held: Evaluated = field(default_factory=Evaluated)
    _worn: dict[str, Scales] = field(default_factory=dict)
    _times: dict[str, Any] = field(default_factory=dict)
    _left_out: set[tuple[str, str]] = field(default_factory=set)
    _done: int = 0
    _total: int = 0

    def run(self) -> Generator[Event, None, None]:
        """The events of the run, from `Planned` to `Reported`.

        Raises `CoefficientsUnusable` for a subspace that cannot be read, `PathUnusable`, and what the engine
        raises.
        """
        began = time.time()
        self._held = evaluated(self.engine, self.wardrobe, self.choice.modes)
        identity = self._identity()
        earlier = folder.unfinished(self.runs, identity)
        salt = earlier.identity[folder.DRAWN] if earlier else secrets.token_hex(4)
        self.choice = self.choice.freshened(salt)
        place = earlier.folder if earlier else folder.new_folder(self.runs, self.choice.size.name)
        with folder.opened(place, {**identity, folder.DRAWN: salt}) as kept:
            self._times = folder.kept_times(place)
            yield self._planned(kept)
            for cell in cells.before_modes(self.choice):
                yield from self._ask(kept, cell, ())
            yield from self._put_in(place)
            for cell in cells.with_modes(self.choice):
                yield from self._ask(kept, cell, self._worn.get(cell.who, ()))
            for cell in cells.as_learned(self.choice, self._held.learned):
                yield from self._ask_old(kept, cell)
            for cell in cells.again(self.choice):
                yield from self._ask(kept, cell, self._worn.get(cell.who, ()))
            yield from self._time(place)
            yield Reported(self._report(kept, identity | {folder.DRAWN: salt}, began), place)

    def _identity(self) -> dict[str, Any]:
        """All that the answers depend on."""
        choice = self.choice
        return {
            "schema": SCHEMA,
            "program": version("modeshare"),
            "model": self.engine.info.name,
            "base": self.engine.fingerprint() or f"{self.engine.info.name}, {self.engine.info.device}",
            "context": self.engine.info.context,
            "subspace": self._held.version,
            "modes": {spec: voice.version for spec, voice in choice.modes.items()},
            "worn": to_be_worn(self.engine, self.wardrobe, choice.modes),
            "domains": {subject.name: subject.digest for subject in choice.subjects},
            "size": choice.size.name,
            "items": choice.size.own,
            "salt": choice.salt,
        }

    def _all_cells(self) -> Iterator[Cell]:
        return chain(
            cells.before_modes(self.choice),
            cells.with_modes(self.choice),
            cells.as_learned(self.choice, self._held.learned),
            cells.again(self.choice),
        )

    def _planned(self, kept: RunFolder) -> Planned:
        every = list(self._all_cells())
        self._total = sum(len(cell.items) for cell in every)
        self._done = sum(len(kept.outcomes(cell.task)) for cell in every)
        bare = [spec for spec, voice in self.choice.modes.items() if not voice.scales]
        notes = [f"{spec}: no coefficients, so its scores are those of its prompt" for spec in bare]
        return Planned(kept.folder, self._total, self._done, tuple(notes))

    def _ask(self, kept: RunFolder, cell: Cell, scales: Scales) -> Iterator[Event]:
        voice = self.choice.modes.get(cell.who)
        prompt = voice.lead.prompt if voice and cell.part != "alone" else ""
        setting = Setting(system=prompt or None, scales=scales)
        answered = kept.outcomes(cell.task)
        for item in cell.items:
            if item.id in answered:
                continue
            try:
                outcome = score_item(self.engine, item, setting)
            except PromptTooLong as error:
                self._total -= 1
                if (cell.domain, item.id) not in self._left_out:
                    self._left_out.add((cell.domain, item.id))
                    begins = printable(" ".join(item.prompt.split())[:_BEGINNING].strip())
                    yield Noted(f'{item.id} ("{begins}") is left out: {error}')
                continue
            kept.append(cell.task, outcome)
            answered[item.id] = outcome
            self._done += 1
            yield ItemDone(cell, item, outcome, self._done, self._total)
        marks = [
            answered[item.id].correct for item in cell.items if item.kind != "text" and item.id in answered
        ]
        yield CellDone(cell, sum(marks), len(marks))

    def _ask_old(self, kept: RunFolder, cell: Cell) -> Iterator[Event]:
        learned, scale = self._held.learned[cell.who], self.choice.modes[cell.who].scales[0][1]
        name = f"{cell.who} of {learned.version}"
        self.engine.install(name, learned.basis, learned.coefficients)
        try:
            yield from self._ask(kept, cell, ((name, scale),))
        finally:
            self.engine.remove(name)

    def _put_in(self, place: Path) -> Iterator[Event]:
        """Wear every mode once: their coefficients are in the engine from here on."""
        before = resident()
        worn, notes = put_in(self.engine, self.wardrobe, self.choice.modes)
        self._worn.update(worn)
        yield from map(Noted, notes)
        self._times.setdefault("rss_base", before)
        self._times.setdefault("rss_grown", resident() - before)
        folder.keep_times(place, self._times)

    def _time(self, place: Path) -> Iterator[Event]:
        size = self.choice.size
        scales: dict[str, Scales] = {BASE: (), **self._worn}
        if "timed" not in self._times:
            watch, found = Stopwatch(self.engine, size.tokens), []
            total = len(scales) * size.rounds * len(watch.depths)
            for one in watch.samples(scales, size.rounds):
                found.append(one)
                yield SpeedSample(one.who, one.depth, one.rate, len(found), total)
            self._times["timed"] = [_as_json(one) for one in found]
            folder.keep_times(place, self._times)
        if "switch" not in self._times:
            held = self._held.held
            first = next((worn[0][0] for worn in self._worn.values()), None)
            cold = (held.shelved.basis, held.shelved.modes[first]) if held and first else None
            self._times["switch"] = switched(self.engine, scales, cold, size.rounds)
        self._times["rss_peak"] = max(resident(), self._times.get("rss_peak", 0))
        folder.keep_times(place, self._times)

    def _report(self, kept: RunFolder, identity: Mapping[str, Any], began: float) -> dict[str, Any]:
        choice, every = self.choice, list(self._all_cells())
        outcomes = {cell.task: kept.outcomes(cell.task) for cell in every}
        domains = scored(choice, outcomes)
        model = described(self.engine.info, self.engine.fingerprint())
        made_here = not any(name in self._held.imported for worn in self._worn.values() for name, _ in worn)
        parts = {
            "forgetting": forgotten(choice, self._held, domains),
            "decode": self._decode(),
            "switch": self._times["switch"],
            "memory": self._memory(),
        }
        report = {
            "schema": SCHEMA,
            "kind": KIND,
            "run": kept.folder.name,
            "date": began,
            "seconds": round(time.time() - began, 1),
            "identity": dict(identity),
            "model": model,
            **judged(
                domains, parts, list(self._worn), model["four_bit"] and made_here, audited(self.memories)
            ),
            "tasks": [cell.task for cell in every],
            "guards": guarded(choice, outcomes),
            "scores": domains,
            **parts,
        }
        tasks = [Task(cell.task, cell.items, outcomes[cell.task]) for cell in every]
        write_results(
            kept.folder, tasks, About(model["name"], None, began, report["seconds"], dict(identity))
        )
        write_json(kept.folder / folder.REPORT, report)
        return report

    def _decode(self) -> dict[str, Any]:
        timed = [Timed(**{**one, "gaps": tuple(one["gaps"])}) for one in self._times["timed"]]
        beside = ratios(timed, BASE)
        medians = [one["median"] for depths in beside.values() for one in depths.values()]
        return {
            "ratio": min(medians, default=None),
            "ratios": beside,
            "tests": tests(timed, self.choice.size.tokens),
            "load_seconds": None if self.load_seconds is None else round(self.load_seconds, 2),
        }

    def _memory(self) -> dict[str, Any]:
        tensors = installed_bytes(self.engine)
        worn = {name for scales in self._worn.values() for name, _ in scales}
        installed = sum(size for name, size in tensors.items() if name in worn)
        grown = int(self._times["rss_grown"])
        return {
            "beyond_base": max(grown, installed) if self._worn else None,
            "installed": installed,
            "resident_growth": grown,
            "resident_base": self._times["rss_base"],
            "resident_peak": self._times["rss_peak"],
            "basis": self._held.basis,
            "coefficients": {name: size for name, size in self._held.modes.items() if name in worn},
        }


def _as_json(one: Timed) -> dict[str, Any]:
    return {
        "who": one.who,
        "depth": one.depth,
        "rate": one.rate,
        "first": one.first,
        "prefill": one.prefill,
        "prompt": one.prompt,
        "gaps": [round(gap, 6) for gap in one.gaps],
    }
