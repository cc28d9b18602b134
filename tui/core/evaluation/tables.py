"""A report in words: rows of text, for a terminal or a screen. At most 78 columns of plain characters.

It must not know where they are shown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modes.tables import printable
from tui.core.evaluation.cells import BASE
from tui.core.evaluation.choice import GENERAL
from tui.core.evaluation.scores import beyond_noise

Report = Mapping[str, Any]
Rows = list[tuple[str, ...]]
WIDTH = 78
VERDICT = "Verdict"
_WIDEST, _STATUS = 10, 14


def sections(report: Report) -> Iterator[tuple[str, Rows]]:
    """A title and its rows, the first of which has the names of the columns."""
    yield "Each domain's own mode, % right, change in points beside the base", own(report)
    yield "Every mode on every domain, % right (* beyond noise)", matrix(report)
    yield from _named("General knowledge, and texts in bits per byte (less is better)", general(report))
    yield from _named("Kept since it was learned", kept(report))
    yield from _named("Decode beside the base, and tokens per second", speed(report))
    yield "Switching, memory, and the base again", other(report)
    if "compare" in report:
        yield f"Changed since {report['compare']['run']}", compared(report["compare"])
    yield VERDICT, verdict(report)


def lines(rows: Rows, title: str) -> list[str]:
    """The rows of a section in columns, indented, `WIDTH` wide at most."""
    if title == VERDICT:
        return _judged(rows)
    if len(rows) == 1 and len(rows[0]) > 2:
        return ["  nothing was measured"]
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    said = []
    for first, *rest in shown:
        if len(rest) == 1:
            text = f"  {first:<{widths[0]}}  {rest[0]}"
            said += textwrap.wrap(text, WIDTH, subsequent_indent=" " * 6, drop_whitespace=False)
        else:
            cells = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
            said.append("  ".join([f"  {first:<{widths[0]}}", *cells]))
    return [line.rstrip() for line in said]


def _judged(rows: Rows) -> list[str]:
    said = []
    for status, name, sentence in rows:
        wrapped = textwrap.wrap(printable(f"{name}: {sentence}" if sentence else name), WIDTH - _STATUS - 2)
        said += [f"  {status if at == 0 else '':<{_STATUS}}{line}" for at, line in enumerate(wrapped)]
    return said


def own(report: Report) -> Rows:
    """A domain, its mode, base and mode, the change with its interval, p, and with the fresh salt."""
    rows: Rows = [("domain", "mode", "base", "mode", "change", "95 %", "p", "fresh")]
    for name, one in report["scores"].items():
        for spec in one["home"]:
            mine = one["fixed"].get(spec, {})
            if name != GENERAL and (change := mine.get("change")):
                interval = f"{_points(change['low'])} {_points(change['high'])}"
                fresh = percent(one["fresh"].get(spec, {}).get("acc"))
                row = (name, spec, percent(change["before"]), percent(change["after"]))
                p = change.get("p_holm", change["p"])
                rows.append((*row, _points(change["value"]), interval, f"{p:.3f}", fresh))
    return rows


def matrix(report: Report) -> Rows:
    """A row for each domain, a column for the base and each mode."""
    who = list(dict.fromkeys(name for one in report["scores"].values() for name in one["fixed"]))
    rows: Rows = [("domain", *(name[:_WIDEST] for name in who))]
    for name, one in report["scores"].items():
        if name != GENERAL:
            rows.append((name, *(_cell(one["fixed"].get(column, {})) for column in who)))
    return rows


def general(report: Report) -> Rows:
    """What each mode does to what it was not made for."""
    known = report["scores"].get(GENERAL)
    rows: Rows = [("", "% right", "change", "95 %", "bits/byte", "change")]
    for who, one in known["fixed"].items() if known else ():
        change, bits = one.get("change"), one.get("bits_change")
        interval = f"{_points(change['low'])} {_points(change['high'])}" if change else ""
        moved = f"{bits['value']:+.3f}{_beyond(bits)}" if bits else ""
        shown = f"{one['bits_per_byte']:.3f}" if "bits_per_byte" in one else "-"
        points = _points(change["value"]) if change else ""
        rows.append((who, percent(one.get("acc")), points, interval, shown, moved))
    return rows


def kept(report: Report) -> Rows:
    """What each mode has lost or won since it was learned."""
    rows: Rows = [("domain", "since", "then", "now", "change", "95 %", "known by")]
    for name, one in report["forgetting"]["domains"].items():
        change = one["change"]
        interval = f"{_points(change['low'])} {_points(change['high'])}"
        sides = (percent(change["before"]), percent(change["after"]))
        rows.append((name, one["since"] or "-", *sides, _points(change["value"]), interval, one["way"]))
    return rows


def speed(report: Report) -> Rows:
    """A row for each mode and depth."""
    rows: Rows = [("", "depth", "of base", "range", "tok/s", "first ms", "p50/p90/p99 ms")]
    decode = report["decode"]
    for one in decode["tests"]:
        if one["n_gen"]:
            beside = decode["ratios"].get(one["test"], {}).get(str(one["n_depth"]))
            ratio = f"{beside['median']:.3f}" if beside else "1"
            span = f"{beside['low']:.3f}-{beside['high']:.3f}" if beside else ""
            gaps = "/".join(f"{gap:.1f}" for gap in one["inter_token_ms"].values())
            rate = f"{one['avg_ts']:.1f}"
            rows.append((one["test"], str(one["n_depth"]), ratio, span, rate, f"{one['ttft_ms']:.0f}", gaps))
    return rows


def other(report: Report) -> Rows:
    """A name and what was measured."""
    memory, decode = report["memory"], report["decode"]
    read = [one["avg_ts"] for one in decode["tests"] if one["n_prompt"]]
    rows: Rows = []
    if decode["load_seconds"] is not None:
        rows.append(("load", f"{decode['load_seconds']:.1f} s"))
    if read:
        rows.append(("reading a prompt", f"{read[0]:.0f} tok/s (base)"))
    if report["switch"]:
        said = ", ".join(f"{name} {one['ms']:.0f}" for name, one in report["switch"].items())
        rows.append(("first token, ms", said))
    sizes = memory["coefficients"]
    if sizes:
        said = ", ".join(f"{name} {size / 1e6:.2f}" for name, size in sizes.items())
        rows.append(("coefficients, MB", f"{said}; shared {memory['basis'] / 1e6:.2f}"))
    base, peak = memory["resident_base"] / 1e6, memory["resident_peak"] / 1e6
    rows.append(("resident, MB", f"{base:.0f} with the base alone, {peak:.0f} at most"))
    rows += [(f"{who} asked again", _again(one)) for who, one in _repeated(report)]
    return rows


def compared(changes: Mapping[str, Any]) -> Rows:
    """What changed beyond noise; one line where nothing did."""
    rows: Rows = []
    for one in changes["scores"]:
        if one["beyond_noise"]:
            where = f"{one['domain']}, {one['who']}{' alone' if one['part'] == 'alone' else ''}"
            if one["unit"] == "right":
                said = (
                    f"{_points(one['value'])} points ({_points(one['low'])} to {_points(one['high'])}), "
                    f"{one['items']} items"
                )
            else:
                said = f"{one['value']:+.3f} bits per byte"
            rows.append((where, said))
    for one in changes["speed"]:
        if one["beyond_noise"]:
            rows.append(
                (f"speed of {one['who']} at {one['depth']}", f"{one['before']:.3f} to {one['after']:.3f}")
            )
    return rows or [("nothing beyond noise", f"{len(changes['scores'])} scores asked both times")]


def verdict(report: Report) -> Rows:
    """Status, name and sentence of every criterion and hypothesis, and the next action."""
    found = [*report["criteria"].values(), *report["hypotheses"].values()]
    rows: Rows = [(one["status"], one["name"], one["sentence"]) for one in found]
    return [*rows, ("next", report["next_action"], "")]


def unresolved(report: Report) -> list[str]:
    """What the number of items does not allow to be said, a sentence for each domain."""
    return [
        f"{name}: {one['resolution']}"
        for name, one in report["scores"].items()
        if one["resolution"] and name != GENERAL
    ]


def percent(share: float | None) -> str:
    """A fraction as per cent; ``-`` for what was not asked."""
    return "-" if share is None else f"{100 * share:.1f}"


def _points(fraction: float) -> str:
    return f"{100 * fraction:+.1f}"


def _cell(one: Mapping[str, Any]) -> str:
    change = one.get("change")
    return percent(one.get("acc")) + (_beyond(change) if change else "")


def _beyond(change: Mapping[str, Any]) -> str:
    return "*" if beyond_noise(change) else ""


def _repeated(report: Report) -> list[tuple[str, Mapping[str, Any]]]:
    guards = report["guards"]
    off = [(BASE, guards["off"])] if guards["off"] else []
    return [*off, *guards["modes"].items()]


def _again(one: Mapping[str, Any]) -> str:
    if one["identical"]:
        return f"identical, {one['items']} items"
    if one["same"]:
        return f"the same answers, {one['largest']:.1g} nats apart, {one['items']} items"
    return f"NOT the same: {one['largest']:.3g} nats apart, {one['items']} items"


def _named(title: str, rows: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, Rows]]:
    if len(rows) > 1:
        yield title, list(rows)
