"""The answers of a run that was kept, each with the item that was asked.

It must not know an engine: items are read from the samples that the run wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modes.evaluation.item import Item
from modes.evaluation.results import sample_files
from modes.evaluation.run import read_outcomes
from modes.evaluation.score import Outcome
from tui.core.evaluation import folder


@dataclass(frozen=True, slots=True)
class Answer:
    """One item put to somebody; ``task`` says to whom (`tui.core.evaluation.cells.Cell.task`)."""

    task: str
    item: Item
    outcome: Outcome


def answers(run: folder.Past) -> list[Answer]:
    """All of a run that came to its end, in the order in which they were asked; else none.

    Nothing is written: another program may be going on with the run.
    """
    if run.report is None:
        return []
    outcomes, found = read_outcomes(run.folder), []
    for task, file in sample_files(run.report.get("tasks", ())).items():
        items = {item.id: item for item in _items(run.folder / file)}
        asked = outcomes.get(task, {}).items()
        found += [Answer(task, items[name], outcome) for name, outcome in asked if name in items]
    return found


def _items(path: Path) -> Iterator[Item]:
    """Those of one task: the same id means another item in another domain."""
    for line in path.read_bytes().split(b"\n") if path.exists() else ():
        try:
            fields = json.loads(line)["doc"]
            lists = {name: tuple(fields[name]) for name in ("choices", "accepted")}
            yield Item(**{**fields, **lists})
        except (ValueError, KeyError, TypeError):
            continue  # a line that somebody changed


def told(answer: Answer) -> str:
    """The item and what came of it, in lines of text."""
    item, outcome = answer.item, answer.outcome
    lines = [answer.task, "", item.prompt, ""]
    for number, choice in enumerate(item.choices):
        signs = ("gold" if number == item.gold else "", "picked" if number == outcome.picked else "")
        likely = f"{outcome.per_byte[number]:8.3f} nats/byte" if outcome.per_byte else ""
        lines.append(f"{likely}  {', '.join(filter(None, signs)) or '-':<12}  {choice}")
    if item.accepted:
        lines.append(f"accepted: {' | '.join(item.accepted)}")
    if outcome.text:
        lines += ["answered:", outcome.text]
    if outcome.note:
        lines.append(f"tests: {outcome.note}")
    bits = outcome.bits_per_byte
    lines += ["", f"{bits:.3f} bits per byte" if bits is not None else mark(answer)]
    return "\n".join(lines)


def mark(answer: Answer) -> str:
    """In a word or two."""
    bits = answer.outcome.bits_per_byte
    if bits is not None:
        return f"{bits:.2f} bits"
    return "right" if answer.outcome.correct else "wrong"
