"""A load's report in words: rows of text, at most 78 columns. It must not know where they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tui.core.evaluation.cells import BASE
from tui.core.evaluation.tables import VERDICT, Rows
from tui.core.load.figures import MIXED

Report = Mapping[str, Any]
#: Milliseconds that are shown in seconds, and letters of a mode's name.
_LONG, _NAME = 10_000, 12


def sections(report: Report) -> Iterator[tuple[str, Rows]]:
    """A title and its rows, the first of which has the names of the columns."""
    yield "Conversations at once: tok/s in all, ms to the first token, ms between pieces", loads(report)
    yield "Mixed modes beside the same load in the base, and answers as when asked alone", ratios(report)
    yield "Each mode in the mixed load, beside the base in the same place", modes(report)
    if report["items"]:
        yield "A mode's own items, right alone and under load", known(report)
    if "compare" in report:
        yield f"Changed since {report['compare']['run']}", compared(report["compare"])
    yield VERDICT, verdict(report)


def loads(report: Report) -> Rows:
    """A row for each count and condition."""
    rows: Rows = [("at once", "", "tok/s", "each", "first p50/95/99", "between p50/95/99", "errors")]
    for one in report["loads"]:
        condition = "mixed" if one["condition"] == MIXED else "base"
        rates = (_median(one["decode_tps"]), _median(one["each_tps"]))
        rows.append((str(one["slots"]), condition, *rates, *_times(one), str(one["errors"])))
    return rows


def ratios(report: Report) -> Rows:
    """A row for each count."""
    rows: Rows = [("at once", "decode", "range", "first token", "range", "same answers")]
    for count, one in report["ratios"].items():
        alike = report["same"].get(count)
        said = f"{alike['asked'] - alike['differ']} of {alike['asked']}" if alike else "-"
        rows.append((count, *_ratio(one["decode"]), *_ratio(one["ttft"]), said))
    return rows


def modes(report: Report) -> Rows:
    """A row for each count and mode; in brackets those that are only a prompt here."""
    rows: Rows = [("mode", "at once", "decode", "range", "tok/s", "first token", "range", "ms")]
    for count, each in report["modes"].items():
        for who, one in each.items():
            name = f"({who[:_NAME]})" if who in _bare(report) else who[: _NAME + 2]
            first = _time(one["ttft_ms"]["p50"]) if one["ttft_ms"] else "-"
            rates = (*_ratio(one["decode"]), _median(one["each_tps"]))
            rows.append((name, count, *rates, *_ratio(one["ttft"]), first))
    return rows


def known(report: Report) -> Rows:
    """A row for each domain and mode."""
    rows: Rows = [("domain", "items", "alone", "under load", "better", "worse")]
    for name, one in report["items"].items():
        rows.append((name, *(str(one[key]) for key in ("asked", "quiet", "loaded", "better", "worse"))))
    return rows


def compared(changes: Mapping[str, Any]) -> Rows:
    """What changed beyond noise; one line where nothing did."""
    rows: Rows = [
        (f"{one['slots']} at once: {one['what']}", f"{one['before']:.3f} to {one['after']:.3f}")
        for one in changes["rows"]
        if one["beyond_noise"]
    ]
    return rows or [("nothing beyond noise", f"{len(changes['rows'])} figures measured both times")]


def verdict(report: Report) -> Rows:
    """Status, name and sentence of every criterion."""
    return [(one["status"], one["name"], one["sentence"]) for one in report["criteria"].values()]


def remarks(report: Report) -> list[str]:
    """What the figures depend on, a sentence each."""
    found = list(report["notes"])
    if bare := _bare(report):
        found.append(f"in brackets, only a prompt here: {', '.join(bare)}")
    pieces = [one["tokens_per_piece"] for one in report["loads"] if one["tokens_per_piece"]]
    if pieces and max(pieces) > 1.05:
        found.append(
            f"up to {max(pieces):.1f} tokens arrive in one piece: times between are from piece to piece"
        )
    return found


def _bare(report: Report) -> list[str]:
    heard = dict.fromkeys(who for each in report["modes"].values() for who in each)
    return [who for who in heard if who != BASE and who not in report["coefficients"]]


def _ratio(one: Mapping[str, Any] | None) -> tuple[str, str]:
    return (f"{one['median']:.3f}", f"{one['low']:.2f}-{one['high']:.2f}") if one else ("-", "")


def _median(one: Mapping[str, Any] | None) -> str:
    return f"{one['median']:.1f}" if one else "-"


def _times(one: Mapping[str, Any]) -> tuple[str, str]:
    return _ms(one["ttft_ms"]), _ms(one["inter_token_ms"])


def _ms(times: Mapping[str, float]) -> str:
    return "/".join(map(_time, times.values())) or "-"


def _time(ms: float) -> str:
    """Milliseconds, and whole seconds of what is too long for a table."""
    return f"{ms:.0f}" if ms < _LONG else f"{ms / 1000:.0f}s"
