"""One load run: what ``--bench --slots`` measures, turn by turn, each kept before the next begins.

Nothing is written into conversations. A turn is two waves, in mixed modes and in the base alone, one after
the other, so that a machine that changes its pace changes it for both. It must not know a terminal.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.contract import Engine, EngineError, Scales
from modes.evaluation.run import RunFolder, write_json
from tui.core.coefficients import Wardrobe
from tui.core.evaluation import folder
from tui.core.evaluation.cells import BASE
from tui.core.evaluation.choice import FULL, Choice
from tui.core.evaluation.endings import NothingToAsk
from tui.core.evaluation.events import Event, Noted, Planned, Reported, StepDone
from tui.core.evaluation.report import described
from tui.core.evaluation.wearing import put_in, to_be_worn
from tui.core.load import figures, items
from tui.core.load.figures import Turn, together
from tui.core.load.measured import Measured
from tui.core.load.prompts import SPARE, Prompts
from tui.core.load.report import KIND, SCHEMA, judged
from tui.core.load.spec import Wanted
from tui.core.load.wave import Heard, wave

#: Turns in which every mode is heard; more of them where few conversations are held at once.
ROUNDS, FULL_ROUNDS = 3, 7
#: Items of a domain that are asked alone and under load.
ITEMS, FULL_ITEMS = 6, 20
#: Fewest tokens of a prompt that can be called filled, and errors that are told of many.
_LEAST, _TOLD = 64, 3


@dataclass(slots=True)
class LoadRun:
    """A run of ``choice`` with so many conversations on ``engine``, kept under ``runs``.

    ``why`` says what kept the context from being longer. It blocks; between two events it can be closed, and
    the next run of the same goes on from there.
    """

    engine: Engine
    wardrobe: Wardrobe | None
    runs: Path
    choice: Choice
    wanted: Wanted
    why: str = ""
    _worn: dict[str, Scales] = field(default_factory=dict)
    _notes: list[str] = field(default_factory=list)
    _broken: str = ""
    _items_note: str = ""
    _done: int = 0
    _total: int = 0
    _began: float = field(default_factory=time.time)

    def run(self) -> Generator[Event, None, None]:
        """The events of the run, from `Planned` to `Reported`.

        Raises `NothingToAsk` for a context that holds no conversation, `CoefficientsUnusable`,
        `PathUnusable`, and what the engine raises before anybody is answered.
        """
        depth = self._depth()
        identity = self._identity(depth)
        earlier = folder.unfinished(self.runs, identity)
        salt = earlier.identity[folder.DRAWN] if earlier else secrets.token_hex(4)
        place = earlier.folder if earlier else folder.new_folder(self.runs, f"slots{self.wanted.most}")
        identity = {**identity, folder.DRAWN: salt}
        with folder.opened(place, identity) as kept:
            measured = Measured(place)
            self._worn, notes = put_in(self.engine, self.wardrobe, self.choice.modes)
            self._notes = [*self.engine.info.notes, *self._scaled(depth), *notes]
            prompts = Prompts(self.engine, self.choice, salt, self._worn, depth)
            asked = items.tasks(self.choice, self.wanted.most)
            yield self._planned(measured, kept, asked)
            self._warm(prompts)
            for count in self.wanted.counts:
                yield from self._load(measured, prompts, count)
            yield from self._ask(kept, prompts, asked)
            yield Reported(self._report(measured, kept, identity, asked), place)

    def turns_of(self, count: int) -> int:
        """How many turns there are with ``count`` at once, so that every mode is heard often enough."""
        rounds = FULL_ROUNDS if self.choice.size.name == FULL.name else ROUNDS
        return max(rounds, -(-rounds * (len(self.choice.modes) + 1) // count))

    def _depth(self) -> int | None:
        """Tokens of every prompt, as far as the context goes; None where nobody asked for a depth."""
        if self.wanted.depth is None:
            return None
        context = self.engine.info.context
        room = context - self.choice.size.tokens - SPARE
        if room < _LEAST:
            raise NothingToAsk(
                f"a context of {context:,} tokens has no room for a conversation and its answer: "
                "set a larger one (--context)"
            )
        return min(self.wanted.depth, room)

    def _scaled(self, depth: int | None) -> Iterator[str]:
        if depth is not None and self.wanted.depth is not None and depth < self.wanted.depth:
            why = self.why or f"the context there is {self.engine.info.context:,} tokens"
            yield (
                f"each conversation is scaled from {self.wanted.depth:,} to {depth:,} tokens, and its answer "
                f"of {self.choice.size.tokens}: {why}"
            )

    def _identity(self, depth: int | None) -> dict[str, Any]:
        """All that the figures depend on."""
        choice, info = self.choice, self.engine.info
        held = self.wardrobe.held(self.engine) if self.wardrobe else None
        return {
            "schema": SCHEMA,
            "program": version("modeshare"),
            "model": info.name,
            "base": self.engine.fingerprint() or f"{info.name}, {info.device}",
            "device": info.device,
            "tuning": list(info.tuning),
            "context": info.context,
            "subspace": held.name if held else None,
            "worn": to_be_worn(self.engine, self.wardrobe, choice.modes),
            "modes": {spec: voice.version for spec, voice in choice.modes.items()},
            "domains": {subject.name: subject.digest for subject in choice.subjects},
            "size": choice.size.name,
            "tokens": choice.size.tokens,
            "slots": list(self.wanted.counts),
            "depth": depth,
        }

    def _planned(self, measured: Measured, kept: RunFolder, asked: list[items.Task]) -> Planned:
        over = sum(len(kept.outcomes(task.name)) >= len(task.items) for task in asked)
        self._done = len(measured.turns) + len(measured.alone) + over
        alone = sum(count > 1 for count in self.wanted.counts)
        self._total = sum(map(self.turns_of, self.wanted.counts)) + alone + len(asked)
        return Planned(measured.place, self._total, self._done, tuple(self._notes))

    def _step(self, text: str) -> StepDone:
        self._done += 1
        return StepDone(text, self._done, self._total)

    def _warm(self, prompts: Prompts) -> None:
        """One short answer in every mode, which nobody times: adapters are loaded, memory is claimed."""
        for number, who in enumerate(prompts.who):
            wave(self.engine, [(who, prompts.request(who, number, "warm", filled=False))])

    def _load(self, measured: Measured, prompts: Prompts, count: int) -> Iterator[Event]:
        for number in range(self.turns_of(count)):
            if self._broken or measured.find(count, number):
                continue
            one = self._turn(prompts, count, number)
            if one.dead:
                self._broken = one.mixed[0].error or "nobody was answered"
                yield Noted(f"it breaks off, since no answer comes any more: {self._broken}")
                return
            measured.add(one)
            rates = (f"{together(half) or 0:.1f}" for half in (one.mixed, one.base))
            yield self._step(f"{count} at once: {' tok/s mixed, '.join(rates)} in the base")
        if count > 1 and not self._broken and str(count) not in measured.alone:
            measured.add_alone(count, self._again(prompts, count))
            yield self._step(f"{count} at once, asked again one at a time")

    def _turn(self, prompts: Prompts, count: int, number: int) -> Turn:
        who = self._speakers(prompts, count, number)
        found: dict[bool, list[Heard]] = {}
        for bare in (False, True) if number % 2 == 0 else (True, False):
            tag = f"{count}.{number}{'b' if bare else 'm'}"
            asked = [(name, prompts.request(name, at, tag, bare)) for at, name in enumerate(who)]
            found[bare] = wave(self.engine, asked)
        return Turn(count, number, tuple(found[False]), tuple(found[True]))

    def _speakers(self, prompts: Prompts, count: int, number: int) -> list[str]:
        """The mode of each conversation: where they are fewer than modes, the next ones in the next turn."""
        return [prompts.who[(number * count + at) % len(prompts.who)] for at in range(count)]

    def _again(self, prompts: Prompts, count: int) -> list[Heard]:
        """The first conversation of each mode once more, one at a time, and read afresh where that can be."""
        if forget := getattr(self.engine, "forget", None):
            forget()
        first = {who: at for at, who in reversed(list(enumerate(self._speakers(prompts, count, 0))))}
        asked = [(who, prompts.request(who, at, f"{count}.0m")) for who, at in first.items()]
        return [wave(self.engine, [one])[0] for one in asked]

    def _ask(self, kept: RunFolder, prompts: Prompts, asked: list[items.Task]) -> Iterator[Event]:
        most = self.wanted.most
        self._items_note = "" if most > 1 else "one conversation is no load"
        for task in asked:
            if self._broken:
                return
            try:
                for sentence in items.ask(
                    self.engine, task, kept, prompts, self._worn.get(task.who, ()), most
                ):
                    yield Noted(sentence)
            except EngineError as error:
                self._items_note = str(error)
                yield Noted(f"items of the domains are not asked: {error}")
                return
            yield self._step(f"{task.who}: own items {'under load' if task.part == 'loaded' else 'alone'}")

    def _report(
        self, measured: Measured, kept: RunFolder, identity: Mapping[str, Any], asked: list[items.Task]
    ) -> dict[str, Any]:
        turns, depth = measured.turns, identity["depth"]
        every = [one for each in turns for half in (each.mixed, each.base) for one in half]
        found: dict[str, Any] = {
            "notes": self._notes,
            "broken": self._broken,
            "errors": list(dict.fromkeys(one.error for one in every if one.error))[:_TOLD],
            "coefficients": list(self._worn),
            "depth": None if depth is None else {"asked": self.wanted.depth, "used": depth},
            "loads": list(figures.loads(turns)),
            "ratios": figures.ratios(turns),
            "modes": figures.by_mode(turns, [BASE, *self.choice.modes]),
            "same": figures.same(turns, measured.alone),
            "items": items.known(asked, kept),
            "items_note": self._items_note,
        }
        report = {
            "schema": SCHEMA,
            "kind": KIND,
            "run": measured.place.name,
            "date": self._began,
            "seconds": round(time.time() - self._began, 1),
            "identity": dict(identity),
            "model": described(self.engine.info, self.engine.fingerprint()),
            "criteria": judged(found),
            **found,
        }
        if not self._broken:
            write_json(measured.place / folder.REPORT, report)
        return report
