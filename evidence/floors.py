"""What the issue asks at least, and whether it was reached.

A floor of several parts is reached when each of them is, and not when one is not; with parts missing it is
only said of those that are there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evidence.design import DOMAINS, GROUND, ORDERS, TUNED_ON, chain, longer_name
from evidence.reading import Place, Reader, place
from evidence.sizes import kept, loras, trained
from modes.evaluation.item import Split
from modes.evaluation.statistics import Difference

RUNS = range(len(ORDERS))


@dataclass(frozen=True, slots=True)
class Floor:
    """``parts``: each measured part, and whether it holds; ``missing`` of how many there is no number."""

    name: str
    parts: Sequence[tuple[str, bool]]
    missing: int

    @property
    def status(self) -> str:
        """What can be said."""
        if not self.parts:
            return "not measured yet"
        failed, count = sum(not holds for _, holds in self.parts), len(self.parts)
        left = f"; {self.missing} not measured yet" if self.missing else ""
        if failed:
            return f"not reached ({failed} of {count} are short){left}"
        return f"reached in the {count} measured{left}" if left else "reached"

    @property
    def sentence(self) -> str:
        """Their numbers; only of those that are short, where there are any."""
        short = [text for text, holds in self.parts if not holds]
        return "; ".join(short or [text for text, _ in self.parts]) or "-"


def floors(reader: Reader) -> list[Floor]:
    """All of them."""
    return [
        _gains(reader, "T1: legal and coding 40 points or more above the base", ("legal", "coding")),
        _gains(reader, "T1: cherokee and reasoning too (an aim)", ("cherokee", "reasoning")),
        _splits(reader, "T3: no mode wholly below the base", "T3", lambda found: found.interval.high >= 0),
        _splits(
            reader,
            "T2, what was not learned: the interval includes the base",
            "T2",
            lambda found: found.interval.low <= 0 <= found.interval.high,
        ),
        _core(reader),
        _grown(reader),
        _bytes(reader),
        _forgetting(reader),
    ]


def _gains(reader: Reader, name: str, domains: Sequence[str]) -> Floor:
    found = [
        (seed, one, reader.over_base(place("share", seed, one), one)) for seed in RUNS for one in domains
    ]
    return _floor(
        name,
        [(_told(seed, one, gain), _reaches(gain.value, 0.4)) if gain else None for seed, one, gain in found],
    )


def _splits(reader: Reader, name: str, split: Split, holds: Callable[[Difference], bool]) -> Floor:
    found = [
        (seed, one, reader.over_base(place("share", seed, one), one, split))
        for seed in RUNS
        for one in DOMAINS
    ]
    return _floor(
        name, [(_told(seed, one, gain), holds(gain)) if gain else None for seed, one, gain in found]
    )


def _core(reader: Reader) -> Floor:
    cells = {f"core-s0-{domain}": domain for domain in DOMAINS if domain != GROUND}
    cells[longer_name(f"core-s0-{TUNED_ON}")] = TUNED_ON
    parts = [_ratio(reader, cell, 0, domain, 1 / 100, 0.9) for cell, domain in cells.items()]
    return _floor("core alone, at 1/100 of the parameters: 90 % of the LoRA's gain", parts)


def _grown(reader: Reader) -> Floor:
    parts = [
        _ratio(reader, name, seed, reader.book.cells[name].domain, 0.3, 0.97)
        for seed in RUNS
        for name in chain("share", seed)[1:]
    ]
    return _floor("φ ≤ 4, at 30 % of the parameters: 97 % of the LoRA's gain", parts)


def _ratio(
    reader: Reader, cell: str, seed: int, domain: str, most: float, least: float
) -> tuple[str, bool] | None:
    where = place("own", seed, domain)
    found = reader.share_of_gain(Place(cell, domain), seed, domain)
    count, whole = trained(reader, cell), trained(reader, where.cell)
    if found is None or count is None or whole is None:
        return None
    parameters = count / whole
    ours, theirs = (reader.book.cells[name].settings["steps"] for name in (cell, where.cell))
    steps = "" if ours == theirs else f" and {ours / theirs:g} times the steps"
    return (
        f"run {seed + 1} {domain}: {100 * found:.2f} % at {100 * parameters:.1f} % of the parameters{steps}",
        _reaches(found, least) and parameters <= most,
    )


def _bytes(reader: Reader) -> Floor:
    parts: list[tuple[str, bool] | None] = []
    for seed in RUNS:
        whole, most = kept(reader.bytes_of(chain("share", seed)[-1])), loras(reader, len(DOMAINS))
        if whole is None or most is None:
            parts.append(None)
            continue
        parts.append((f"run {seed + 1}: {100 * whole / most:.1f} % of the bytes", whole <= most / 2))
    for seed in RUNS:
        for domain in DOMAINS:
            found = reader.share_of_gain(place("share", seed, domain), seed, domain)
            parts.append(
                None
                if found is None
                else (f"run {seed + 1} {domain}: {100 * found:.2f} % of the gain", _reaches(found, 0.95))
            )
    return _floor("four modes in half the bytes of four LoRAs, each at 95 % of its own LoRA's gain", parts)


def _forgetting(reader: Reader) -> Floor:
    found = [(seed, reader.matrix("share", seed)) for seed in RUNS]
    return _floor(
        "forgetting under 5 points",
        [
            (f"run {seed + 1}: {100 * one.forgetting:.1f} points", not _reaches(one.forgetting, 0.05))
            if one
            else None
            for seed, one in found
        ],
    )


def _floor(name: str, parts: Sequence[tuple[str, bool] | None]) -> Floor:
    found = [part for part in parts if part is not None]
    return Floor(name, found, len(parts) - len(found))


def _reaches(value: float, least: float) -> bool:
    """Whether it is as much, whatever floats make of shares: 0.7 - 0.3 is less than 0.4 to them."""
    return round(value, 9) >= least


def _told(seed: int, domain: str, gain: Difference) -> str:
    low, high = 100 * gain.interval.low, 100 * gain.interval.high
    return f"run {seed + 1} {domain}: {100 * gain.value:+.1f} ({low:+.1f} to {high:+.1f})"
