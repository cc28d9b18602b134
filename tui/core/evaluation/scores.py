"""Outcomes as scores: of every domain, part and mode, with the change beside the base.

Numbers are rounded values that JSON can hold; scores are fractions (0 to 1) or bits per byte. It must not
know an engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modes.evaluation.compare import chance
from modes.evaluation.item import Item
from modes.evaluation.score import Outcome
from modes.evaluation.statistics import (
    FEWEST,
    Difference,
    Interval,
    chance_corrected,
    compared,
    holm,
    resolution,
    wilson,
)
from tui.core.evaluation.cells import BASE, Part
from tui.core.evaluation.choice import Choice, Subject

#: Outcomes by the task they belong to, then by item.
Outcomes = Mapping[str, Mapping[str, Outcome]]
Scores = dict[str, Any]


def scored(choice: Choice, outcomes: Outcomes) -> dict[str, Scores]:
    """Everything that is known of every domain, by its name."""
    found = {subject.name: _domain(choice, subject, outcomes) for subject in choice.subjects}
    _adjust(choice, found)
    return found


def value(outcome: Outcome) -> float:
    """1 or 0 for right or wrong; of a text its bits per byte."""
    bits = outcome.bits_per_byte
    return float(outcome.correct) if bits is None else round(bits, 6)


def difference(before: Scores, after: Scores, known: Scores, texts: bool = False) -> Difference | None:
    """Paired over the items that both sides have values of; None where there are none.

    ``known`` has the items, facts and kinds of both, in the order of the values.
    """
    pairs = [
        (one, other, fact)
        for one, other, fact, kind in zip(
            before["values"], after["values"], known["facts"], known["kinds"], strict=False
        )
        if one is not None and other is not None and (kind == "text") == texts
    ]
    if not pairs:
        return None
    first, second = ([pair[at] for pair in pairs] for at in (0, 1))
    return compared(first, second, [fact for _, _, fact in pairs])


def told(change: Difference) -> dict[str, Any]:
    """As JSON has it."""
    return {
        "before": round(change.before, 6),
        "after": round(change.after, 6),
        "value": round(change.value, 6),
        "low": round(change.interval.low, 6),
        "high": round(change.interval.high, 6),
        "p": float(f"{change.p:.4g}"),
        "better": change.better,
        "worse": change.worse,
        "items": change.items,
        "facts": change.facts,
    }


def beyond_noise(change: Mapping[str, Any]) -> bool:
    """The interval leaves 0 out; of few facts it has too little width to say so."""
    return bool(change["facts"] >= FEWEST and (change["low"] > 0 or change["high"] < 0))


def heard(change: Mapping[str, Any]) -> Difference:
    """The reverse of `told`."""
    fields = {name: change[name] for name in ("before", "after", "p", "better", "worse", "items", "facts")}
    return Difference(interval=Interval(change["low"], change["high"]), **fields)


def _domain(choice: Choice, subject: Subject, outcomes: Outcomes) -> Scores:
    who = [BASE, *choice.modes]
    fixed, fresh = _known(subject.items), _known(subject.fresh)
    found: Scores = {
        "home": choice.at_home(subject),
        "chance": round(chance([item for item in subject.items if item.kind != "text"]), 6),
        **fixed,
        "resolution": "",
        "fixed": _part(subject, "fixed", subject.items, who, outcomes),
        "alone": _part(subject, "alone", subject.items, choice.modes, outcomes),
        "learned": _part(subject, "learned", subject.items, choice.modes, outcomes),
        "fresh": _part(subject, "fresh", subject.fresh, who, outcomes),
        "fresh_items": fresh,
    }
    for part, known in (("fixed", fixed), ("alone", fixed), ("fresh", fresh)):
        base = found["fresh" if part == "fresh" else "fixed"].get(BASE)
        for name, one in found[part].items():
            if base and name != BASE:
                _compare(base, one, known)
    for one in found["fixed"].values():
        if "acc" in one:
            one["acc_corrected"] = round(chance_corrected(one["acc"], found["chance"]), 6)
    found["resolution"] = _resolution(found)
    return found


def _resolution(known: Scores) -> str:
    """What the facts of a domain cannot tell, by the widest interval of its own modes."""
    changes = [known["fixed"].get(spec, {}).get("change") for spec in known["home"]]
    halves = [(one["high"] - one["low"]) / 2 for one in changes if one]
    return resolution(len(set(known["facts"])), what="facts", half=max(halves, default=None))


def _known(items: Sequence[Item]) -> Scores:
    return {
        "items": [item.id for item in items],
        "facts": [item.fact for item in items],
        "kinds": [item.kind for item in items],
    }


def _part(
    subject: Subject,
    part: Part,
    items: Sequence[Item],
    who: Sequence[str] | Mapping[str, Any],
    outcomes: Outcomes,
) -> Scores:
    found = {}
    for name in who:
        answered = outcomes.get(f"{subject.name} {part} {name}", {})
        if any(item.id in answered for item in items):
            found[name] = _score(items, answered)
    return found


def _score(items: Sequence[Item], answered: Mapping[str, Outcome]) -> Scores:
    values = [value(answered[item.id]) if item.id in answered else None for item in items]
    marks = [one for one, item in zip(values, items, strict=True) if one is not None and item.kind != "text"]
    bits = [one for one, item in zip(values, items, strict=True) if one is not None and item.kind == "text"]
    found: Scores = {"n": len(marks) + len(bits)}
    if marks:
        interval = wilson(int(sum(marks)), len(marks))
        found |= {
            "acc": round(sum(marks) / len(marks), 6),
            "low": round(interval.low, 6),
            "high": round(interval.high, 6),
            "asked": len(marks),
        }
    if bits:
        found |= {"bits_per_byte": round(sum(bits) / len(bits), 6), "texts": len(bits)}
    while values and values[-1] is None:
        values.pop()
    return found | {"values": values}


def _compare(base: Scores, one: Scores, known: Scores) -> None:
    for name, texts in (("change", False), ("bits_change", True)):
        change = difference(base, one, known, texts)
        if change is not None:
            one[name] = told(change)


def _adjust(choice: Choice, found: Mapping[str, Scores]) -> None:
    """Take p of every domain's own mode, adjusted for there being several (Holm)."""
    places = {
        f"{subject.name} {spec}": found[subject.name]["fixed"][spec]["change"]
        for subject in choice.subjects
        for spec in found[subject.name]["home"]
        if "change" in found[subject.name]["fixed"].get(spec, {})
    }
    for name, p in holm({name: change["p"] for name, change in places.items()}).items():
        places[name]["p_holm"] = float(f"{p:.4g}")
