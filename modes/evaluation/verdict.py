"""What the measured numbers say: four criteria, three hypotheses, and what to do next.

Pure functions of values. What was not measured stays unmeasured: it never becomes a pass or a fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from modes.evaluation.statistics import FEWEST, POINTS, Difference, resolution, unseen

Status = Literal["pass", "fail", "not measured"]

#: Criteria: points that may be forgotten, bytes beyond the base, share of the base's decode speed.
FORGETTING, MEMORY, DECODE = 0.05, 2 * 10**9, 0.90
#: Domains that have to be learned by one model for the first hypothesis.
REQUIRED = ("legal", "coding", "cherokee")
_MORE = "ask more items (--full or --items N)"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the verdict; ``sentence`` gives the numbers, or says what is missing."""

    name: str
    status: Status
    sentence: str


@dataclass(frozen=True, slots=True)
class Measured:
    """All that the verdict is made of; empty and None are what was not measured.

    ``gains``: each domain's mode against the base. ``losses``: each domain once learned against when all was
    learned, paired by item. ``four_bit``: as ``gains``, trained and run on a base of four bits. ``memory``
    is bytes beyond the base, ``decode`` the speed with a mode over that without, ``enough_data`` what an
    audit of the memories found, with ``audit`` in words.
    """

    gains: Mapping[str, Difference] = field(default_factory=dict)
    losses: Mapping[str, Difference] = field(default_factory=dict)
    four_bit: Mapping[str, Difference] = field(default_factory=dict)
    memory: int | None = None
    decode: float | None = None
    enough_data: bool | None = None
    audit: str = ""
    required: Sequence[str] = REQUIRED


@dataclass(frozen=True, slots=True)
class Verdict:
    """The four criteria, the three hypotheses, and the next action."""

    criteria: tuple[Finding, ...]
    hypotheses: tuple[Finding, ...]
    action: str


def verdict(measured: Measured) -> Verdict:
    """Everything that can be said, and nothing that cannot."""
    criteria = (quality(measured), forgetting(measured), memory(measured), speed(measured))
    hypotheses = (one_model(measured), data(measured), quantized(measured))
    return Verdict(criteria, hypotheses, next_action(hypotheses))


def quality(measured: Measured) -> Finding:
    """1: no mode's paired interval lies wholly below the base."""
    name, gains = "every mode at least as good as the base", measured.gains
    missing = _missing(gains, measured.required)
    below = [domain for domain, gain in gains.items() if _tells(gain) and gain.interval.high < 0]
    if below:
        return Finding(name, "fail", f"worse than the base: {_shown(gains, below)}")
    if missing:
        return Finding(name, "not measured", f"no scores with and without the mode for {missing}")
    if few := _few(gains, gains):
        return Finding(name, "not measured", few)
    return Finding(name, "pass", _shown(gains, gains) + _caveat(gains))


def forgetting(measured: Measured) -> Finding:
    """2: less than five points are lost.

    It fails where that many are and the interval leaves 0 out; a loss that the interval does not exclude is
    not measured.
    """
    name, losses = "forgetting under 5 points", measured.losses
    forgotten = [domain for domain, loss in losses.items() if _forgotten(loss)]
    if forgotten:
        return Finding(name, "fail", f"forgotten: {_shown(losses, forgotten)}")
    missing = _missing(losses, measured.required)
    if missing:
        return Finding(name, "not measured", f"no scores before and after the other domains for {missing}")
    if few := _few(losses, losses):
        return Finding(name, "not measured", few)
    unsure = [domain for domain, loss in losses.items() if _lost(loss.interval.low) >= FORGETTING]
    if unsure:
        sentence = f"a loss of 5 points is not excluded: {_shown(losses, unsure)}: {_MORE}"
        return Finding(name, "not measured", sentence + _caveat(losses))
    return Finding(name, "pass", _shown(losses, losses) + _caveat(losses))


def memory(measured: Measured) -> Finding:
    """3: less than 2 GB (10⁹ bytes) beyond the base."""
    name = "under 2 GB beyond the base"
    if measured.memory is None:
        return Finding(name, "not measured", "the memory beyond the base was not measured")
    passed = measured.memory < MEMORY
    return Finding(name, "pass" if passed else "fail", f"{measured.memory / 10**9:.2f} GB beyond the base")


def speed(measured: Measured) -> Finding:
    """4: decode at 0.90 of the base's speed or more."""
    name = "at most 10 % slower than the base"
    if measured.decode is None:
        return Finding(name, "not measured", "decode with a mode and without was not timed")
    passed = measured.decode >= DECODE
    return Finding(name, "pass" if passed else "fail", f"decode at {measured.decode:.3f} of the base's speed")


def one_model(measured: Measured) -> Finding:
    """H1: one model learns the required domains without forgetting."""
    name = "H1: one model learns all domains without forgetting"
    learned, kept = _learned(measured.gains, measured.required), forgetting(measured)
    found = next((part for part in (learned, kept) if part.status == "fail"), None)
    found = found or next((part for part in (learned, kept) if part.status != "pass"), learned)
    sentence = found.sentence if found.status != "pass" else f"{learned.sentence}; kept: {kept.sentence}"
    return Finding(name, found.status, sentence)


def data(measured: Measured) -> Finding:
    """H2: there is enough to train on."""
    name = "H2: there is enough training data"
    if measured.enough_data is None:
        return Finding(name, "not measured", measured.audit or "there are no memories to audit")
    if measured.enough_data:
        return Finding(name, "pass", measured.audit or "the audit of the memories found enough")
    return Finding(name, "fail", measured.audit or "the audit of the memories found too little")


def quantized(measured: Measured) -> Finding:
    """H3: it works on a base of four bits."""
    found = _learned(measured.four_bit, measured.required)
    missing = "modes were not trained and asked on a 4-bit base" if not measured.four_bit else found.sentence
    return Finding("H3: it works on a 4-bit base", found.status, missing)


def next_action(hypotheses: Sequence[Finding]) -> str:
    """What the table of the plan says for these statuses of H1, H2 and H3."""
    first, second, third = hypotheses
    if first.status == "fail":
        return "Share does not suit these domains: stay multi-model."
    if first.status == "not measured":
        return f"Measure first: {first.sentence}."
    actions = []
    if second.status == "fail":
        actions.append("Generate synthetic data and repeat.")
    if third.status == "fail":
        actions.append("Train in 16 bit, infer in 4 bit.")
    actions += [f"Measure first: {one.sentence}." for one in (second, third) if one.status == "not measured"]
    return " ".join(actions) or "Deploy one big model with Share, and enable concurrent serving."


def _learned(gains: Mapping[str, Difference], required: Sequence[str]) -> Finding:
    """Whether every required domain's interval lies wholly above the base."""
    absent = [domain for domain in required if domain in gains and _shows_no_gain(gains[domain])]
    if absent:
        return Finding("", "fail", f"nothing learned: {_shown(gains, absent)}")
    missing = _missing(gains, required)
    if missing:
        return Finding("", "not measured", f"no scores with and without the mode for {missing}")
    if few := _few(gains, required):
        return Finding("", "not measured", few)
    unsure = [domain for domain in required if gains[domain].interval.low <= 0]
    if unsure:
        return Finding("", "not measured", f"a gain is not certain: {_shown(gains, unsure)}: {_MORE}")
    return Finding("", "pass", f"learned: {_shown(gains, required)}")


def _tells(one: Difference) -> bool:
    """Whether there are facts enough for an interval: of fewer it has no width, or nearly none."""
    return one.facts >= FEWEST


def _few(differences: Mapping[str, Difference], domains: Iterable[str]) -> str:
    """A sentence on those of the domains that have too few facts, else nothing."""
    found = [f"{domain} {differences[domain].facts}" for domain in domains if not _tells(differences[domain])]
    return f"too few facts to say: {', '.join(found)}: {_MORE}" if found else ""


def _shows_no_gain(gain: Difference) -> bool:
    """No gain was seen, and one of five points would have been.

    The interval has no width where nothing changed at all: then it takes facts enough for one in twenty that
    changed to be seen.
    """
    low, high = gain.interval.low, max(gain.interval.high, unseen(gain.facts))
    return _tells(gain) and (gain.interval.high < 0 or (low <= 0 and round(high, 9) < POINTS))


def _forgotten(loss: Difference) -> bool:
    return _tells(loss) and _lost(loss.value) >= FORGETTING and loss.interval.high < 0


def _lost(change: float) -> float:
    """The loss as written: 25 of 500 items are 0.05, though their difference in binary is a little less."""
    return round(-change, 9)


def _missing(found: Mapping[str, Difference], required: Sequence[str]) -> str:
    return ", ".join(domain for domain in required if domain not in found)


def _caveat(differences: Mapping[str, Difference]) -> str:
    found = {
        name: resolution(one.facts, what="facts", half=one.half_width) for name, one in differences.items()
    }
    return "".join(f"; {name} {text}" for name, text in found.items() if text)


def _shown(differences: Mapping[str, Difference], domains: Sequence[str] | Mapping[str, Difference]) -> str:
    return ", ".join(f"{domain} {_points(differences[domain])}" for domain in domains)


def _points(one: Difference) -> str:
    low, high = 100 * one.interval.low, 100 * one.interval.high
    return f"{100 * one.value:+.1f} points ({low:+.1f} to {high:+.1f})"
