"""Whether a mode knows its own domain as well while others are being answered as it does alone.

It must not know times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

from engine.contract import Engine, PromptTooLong, Scales
from modes.evaluation.item import Item
from modes.evaluation.run import RunFolder
from modes.evaluation.score import Outcome, Setting, score_item
from tui.core.evaluation.choice import Choice
from tui.core.load.prompts import Prompts
from tui.core.load.wave import Crowd

Part = Literal["quiet", "loaded"]
_PARTS: tuple[Part, ...] = ("quiet", "loaded")


@dataclass(frozen=True, slots=True)
class Task:
    """Questions with options put to a mode at home, ``quiet`` or ``loaded``."""

    who: str
    domain: str
    part: Part
    items: tuple[Item, ...]

    @property
    def name(self) -> str:
        """The name under which its outcomes are kept."""
        return f"{self.domain} {self.part} {self.who}"


def tasks(choice: Choice, most: int) -> list[Task]:
    """What is to be asked; nothing where no two conversations are held at once."""
    if most < 2:
        return []
    homes = [
        (spec, subject.name, tuple(item for item in subject.items if item.kind == "choice"))
        for subject in choice.subjects
        for spec in choice.at_home(subject)
    ]
    return [Task(spec, name, part, items) for part in _PARTS for spec, name, items in homes if items]


def ask(
    engine: Engine, task: Task, kept: RunFolder, prompts: Prompts, scales: Scales, most: int
) -> Iterator[str]:
    """Ask what is not in ``kept`` yet, of which there may be a sentence to say. Raises `NotOffered`.

    ``loaded``, among so many other conversations that ``most`` are held.
    """
    answered = kept.outcomes(task.name)
    left = [item for item in task.items if item.id not in answered]
    if not left:
        return
    setting = Setting(system=prompts.prompt(task.who) or None, scales=scales)
    crowd = Crowd(engine, most - 1, prompts.crowd) if task.part == "loaded" else nullcontext()
    with crowd:
        for item in left:
            try:
                kept.append(task.name, score_item(engine, item, setting))
            except PromptTooLong as error:
                yield f"{item.id} is left out: {error}"


def known(asked: list[Task], kept: RunFolder) -> dict[str, Any]:
    """By mode: items asked both ways, how many were right alone and under load, and which of them changed."""
    found: dict[str, Any] = {}
    for task in asked:
        if task.part == "quiet":
            loaded = kept.outcomes(Task(task.who, task.domain, "loaded", task.items).name)
            row = _row(kept.outcomes(task.name), loaded)
            if row["asked"]:
                found[_key(task)] = {"mode": task.who, **row}
    return found


def _key(task: Task) -> str:
    return task.domain if task.who == task.domain else f"{task.domain} ({task.who})"


def _row(quiet: Mapping[str, Outcome], loaded: Mapping[str, Outcome]) -> dict[str, Any]:
    pairs = [(one, loaded[name]) for name, one in quiet.items() if name in loaded]
    return {
        "asked": len(pairs),
        "quiet": sum(one.correct for one, _ in pairs),
        "loaded": sum(other.correct for _, other in pairs),
        "better": sum(other.correct and not one.correct for one, other in pairs),
        "worse": sum(one.correct and not other.correct for one, other in pairs),
    }
