"""The report of a load: figures, criteria, and what could not be measured. What ``--json`` writes.

docs/load.md says what its fields mean. It must not know an engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modes.evaluation.verdict import DECODE
from tui.core.load.figures import BARE

SCHEMA, KIND = 1, "modeshare load"
#: Turns below which a mode that seems slow is not called so, and items that may be lost to rounding.
FEWEST, _LOST = 3, 1
#: What the tokens of all conversations of a mixed load are called, beside those of one mode.
TOGETHER = "all together"
_UNSURE = "the timings, or those of the base alone, differ too much to say: measure on a quiet machine"
_NAMES = {
    "speed": "at most 10 % slower in a mode than the base under load",
    "answers": "every answer comes to its end",
    "items": "a mode's own items as well under load as alone",
}
Report = Mapping[str, Any]


def judged(figures: Report) -> dict[str, Any]:
    """The criteria of what was measured: each with its name, status and sentence."""
    found = {"speed": _speed(figures), "answers": _answers(figures), "items": _items(figures)}
    return {
        key: {"name": _NAMES[key], "status": status, "sentence": sentence}
        for key, (status, sentence) in found.items()
    }


def failed(report: Report) -> list[str]:
    """What was measured and is not as it must be, a sentence each."""
    return [
        f"{one['name']}: {one['sentence']}" for one in report["criteria"].values() if one["status"] == "fail"
    ]


def beside_base(figures: Report) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Count, who and ratio of decoding: modes that have coefficients here, and all together, who may wait."""
    for count, rows in figures["modes"].items():
        whole = figures["ratios"][count]["decode"]
        if count != "1" and whole and figures["coefficients"]:
            yield count, TOGETHER, whole
        for who, row in rows.items():
            if who in figures["coefficients"] and row["decode"]:
                yield count, who, row["decode"]


def _speed(figures: Report) -> tuple[str, str]:
    found = list(beside_base(figures))
    if not found:
        bare = not figures["coefficients"]
        return "not measured", "no mode has coefficients here" if bare else "nothing could be timed"
    count, who, worst = min(found, key=lambda one: one[2]["median"])
    said = f"slowest is {who} with {count} at once, {worst['median']:.3f} of the base"
    if worst["median"] >= DECODE:
        return "pass", said
    steady = {str(row["slots"]): _steadiness(row) for row in figures["loads"] if row["condition"] == BARE}
    slow = [
        f"{who} with {count} at once {one['median']:.3f}"
        for count, who, one in found
        if one["high"] < DECODE and one["median"] < steady[count] and one["pairs"] >= FEWEST
    ]
    return ("fail", f"of the base: {', '.join(slow)}") if slow else ("not measured", f"{said}; {_UNSURE}")


def _steadiness(row: Mapping[str, Any]) -> float:
    """The slowest wave in the base over the fastest: no ratio that is nearer to 1 says anything of a mode."""
    rates = row["decode_tps"]
    return float(rates["low"] / rates["high"]) if rates and rates["high"] else 0.0


def _answers(figures: Report) -> tuple[str, str]:
    came = sum(one["answers"] for one in figures["loads"])
    lost = sum(one["errors"] for one in figures["loads"])
    if figures["broken"]:
        return "fail", f"it broke off: {figures['broken']}"
    if lost:
        return "fail", f"{lost} of {came + lost} did not: {'; '.join(figures['errors'])}"
    return ("pass", f"all {came} did") if came else ("not measured", "none was asked")


def _items(figures: Report) -> tuple[str, str]:
    if not figures["items"]:
        return "not measured", figures["items_note"] or "none was asked"
    asked = sum(one["asked"] for one in figures["items"].values())
    worse = [
        f"{name} {one['quiet']} alone and {one['loaded']} under load of {one['asked']}"
        for name, one in figures["items"].items()
        if one["worse"] - one["better"] > _LOST
    ]
    return ("fail", "right: " + ", ".join(worse)) if worse else ("pass", f"{asked} items asked both ways")
