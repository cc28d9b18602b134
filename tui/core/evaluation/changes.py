"""What changed since an earlier run, beyond noise: paired where the items are the same.

It reads reports and knows nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from modes.evaluation.statistics import compared
from tui.core.evaluation import folder
from tui.core.evaluation.endings import BadReport
from tui.core.evaluation.report import KIND, SCHEMA
from tui.core.evaluation.scores import Scores, beyond_noise, told
from tui.core.load.report import KIND as LOADS

_PARTS = ("fixed", "alone")
#: What writes the reports of each kind, all of them in the same schema.
_COMMANDS = {KIND: "tui --bench", LOADS: "tui --bench --slots"}


def read_report(path: Path, kind: str = KIND, needed: Sequence[str] = ("scores", "model")) -> dict[str, Any]:
    """The report of a ``kind`` in a file, or in the folder of a run, with what is ``needed`` of it.

    Raises `BadReport`.
    """
    file = path / folder.REPORT if path.is_dir() else path
    if not file.is_file():
        raise BadReport(f"{path} is not there: name the file that --json wrote, or the folder of a run")
    report = folder.read(file)
    if report is None or report.get("kind") != kind:
        raise BadReport(f"{file} is no report of {_COMMANDS[kind]}: name a file that --json wrote there")
    if report.get("schema") != SCHEMA:
        raise BadReport(
            f"{file} has schema {report.get('schema')!r}, this program reads {SCHEMA}: measure anew"
        )
    if not all(isinstance(report.get(part), dict | list) for part in needed):
        raise BadReport(f"{file} is damaged: measure anew")
    return report


def check_base(old: Mapping[str, Any], name: str, fingerprint: str | None, device: str, source: Path) -> str:
    """Raises `BadReport` where two runs are not of the same base; a sentence where that cannot be told.

    ``name``, ``fingerprint`` and ``device`` are this run's. A server tells no fingerprint: of two such runs
    the names decide, and who answered is in ``identity["base"]``.
    """
    theirs, named = old["model"].get("fingerprint"), old["model"].get("name")
    if theirs != fingerprint or (theirs is None and named != name):
        raise BadReport(
            f"{source} is of another base, {named} ({_short(theirs)}), and this is {name} "
            f"({_short(fingerprint)}): choose that model (--model), or leave --compare out"
        )
    then, now = old.get("identity", {}).get("base"), f"{name}, {device}"
    if theirs is not None or then == now:
        return ""
    return (
        f"{source} is of {then or named}, and this is {now}: neither tells a fingerprint, so whether "
        "that is the same base cannot be told"
    )


def _short(fingerprint: str | None) -> str:
    return "no fingerprint" if fingerprint is None else str(fingerprint)[:12]


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """By domain and mode the change of what was asked both times; of the speed, the ratios of both.

    ``beyond_noise`` says that the interval does not hold 0. Raises `BadReport`.
    """
    try:
        scores = [
            {"domain": domain, "part": part, "who": who, **change}
            for domain, part, who, before, after in _both(old, new)
            for change in _changes(before, after)
        ]
        return {"run": old["run"], "scores": scores, "speed": list(_speed(old["decode"], new["decode"]))}
    except (KeyError, TypeError, AttributeError) as error:
        raise BadReport(f"the earlier report is damaged ({error}): measure anew") from error


def _both(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Scores, Scores]]:
    for domain, known in new["scores"].items():
        before = old["scores"].get(domain)
        for part in _PARTS:
            for who, one in known[part].items():
                if before and who in before[part]:
                    yield domain, part, who, _valued(before, before[part][who]), _valued(known, one)


def _valued(known: Scores, one: Scores) -> dict[str, tuple[float, str, bool]]:
    """Value, fact and whether it is a text, by item."""
    rows = zip(known["items"], one["values"], known["facts"], known["kinds"], strict=False)
    return {item: (value, fact, kind == "text") for item, value, fact, kind in rows if value is not None}


def _changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for texts in (False, True):
        both = [name for name in after if name in before and after[name][2] == texts]
        if both:
            first, second = ([side[name][0] for name in both] for side in (before, after))
            found = told(compared(first, second, [after[name][1] for name in both]))
            unit = "bits per byte" if texts else "right"
            yield {"unit": unit, **found, "beyond_noise": beyond_noise(found)}


def _speed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for who, depths in new["ratios"].items():
        for depth, after in depths.items():
            before = old["ratios"].get(who, {}).get(depth)
            if before:
                apart = before["high"] < after["low"] or after["high"] < before["low"]
                yield {
                    "who": who,
                    "depth": int(depth),
                    "before": before["median"],
                    "after": after["median"],
                    "beyond_noise": apart,
                }
