"""What was forgotten: each mode now beside what it was when it had just been learned.

It must not know an engine; a way to know that is missing stays missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.core.evaluation.choice import GENERAL, Choice
from tui.core.evaluation.scores import Scores, difference, heard, told
from tui.core.evaluation.subspace import Evaluated

#: How it is known, the surest first: the coefficients of then were asked now; nothing was learned after it;
#: the notes of the version keep the answers of then, which another machine may have given.
OLD, LAST, NOTES = "old coefficients", "learned last", "notes"


def forgotten(choice: Choice, held: Evaluated, domains: Mapping[str, Scores]) -> dict[str, Any]:
    """By domain: since which version, how it is known, and the change. ``bwt`` is their mean."""
    found = {}
    for subject in choice.subjects:
        for spec in choice.at_home(subject):
            known = domains[subject.name]
            if subject.name != GENERAL and spec in known["fixed"] and (one := _of(spec, held, known)):
                found[_key(subject.name, spec)] = {"mode": spec, **one}
    changes = [one["change"]["value"] for one in found.values() if one["way"] != LAST]
    mean = round(sum(changes) / len(changes), 6) if changes else None
    return {"domains": found, "bwt": mean}


def losses(forgetting: Mapping[str, Any]) -> dict[str, Any]:
    """Differences by domain, as the verdict takes them."""
    return {name: heard(one["change"]) for name, one in forgetting["domains"].items()}


def _key(domain: str, spec: str) -> str:
    return domain if spec == domain else f"{domain} ({spec})"


def _of(spec: str, held: Evaluated, known: Scores) -> dict[str, Any] | None:
    now, learned = known["fixed"][spec], held.learned.get(spec)
    if spec in known["learned"]:
        change = difference(known["learned"][spec], now, known)
        return _found(OLD, learned.version if learned else None, change)
    if learned is not None and not learned.differs:
        return _found(LAST, learned.version, difference(now, now, known))
    if (noted := _noted(held.scores.get(spec), known)) is not None:
        return _found(NOTES, None, difference(noted, now, known))
    return None


def _found(way: str, version: str | None, change: Any) -> dict[str, Any] | None:
    return None if change is None else {"way": way, "since": version, "change": told(change)}


def _noted(note: Any, known: Scores) -> Scores | None:
    """Values in the order of the items; None where the notes say nothing of them."""
    answers = note.get("items") if isinstance(note, dict) else None
    if not isinstance(answers, dict):
        return None
    values = [answers.get(item) for item in known["items"]]
    return {"values": values} if any(one is not None for one in values) else None
