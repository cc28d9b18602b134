"""What changed since an earlier load: ratios and rates whose ranges do not meet. It reads reports only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tui.core.evaluation.endings import BadReport

#: What a report of a load has to have, to be compared with.
PARTS = ("loads", "ratios", "modes", "model")
Range = Mapping[str, Any]


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """By count and by what was measured, before and after. Raises `BadReport`.

    Ratios depend little on what else the machine did, rates (``tok/s``) wholly.
    """
    try:
        rows = [
            {
                "slots": int(count),
                "what": what,
                "before": before["median"],
                "after": after["median"],
                "beyond_noise": before["high"] < after["low"] or after["high"] < before["low"],
            }
            for count, what, before, after in _both(old, new)
        ]
        return {"run": old["run"], "depth": old["depth"], "rows": rows}
    except (KeyError, TypeError, AttributeError) as error:
        raise BadReport(f"the earlier report is damaged ({error}): measure anew") from error


def _both(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str, Range, Range]]:
    before = dict(_ranges(old))
    for (count, what), after in _ranges(new):
        if (count, what) in before:
            yield count, what, before[count, what], after


def _ranges(report: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Range]]:
    for row in report["loads"]:
        if row["decode_tps"]:
            yield (str(row["slots"]), f"tok/s {row['condition']}"), row["decode_tps"]
    for count, one in report["ratios"].items():
        for what in ("decode", "ttft"):
            if one[what]:
                yield (count, f"{what}, mixed of base"), one[what]
    for count, modes in report["modes"].items():
        for who, one in modes.items():
            for what in ("decode", "ttft"):
                if one[what]:
                    yield (count, f"{what}, {who} of base"), one[what]
