"""The report of a run: scores, forgetting, speed, memory, and the verdict. What ``--json`` writes.

docs/evaluation.md says what its fields mean. It must not know an engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.contract import ModelInfo
from modes.evaluation.score import Outcome
from modes.evaluation.statistics import Difference
from modes.evaluation.verdict import DECODE, Measured, Verdict, verdict
from tui.core.evaluation.audited import UNAUDITED, Audited
from tui.core.evaluation.cells import BASE, guard
from tui.core.evaluation.choice import GENERAL, Choice
from tui.core.evaluation.keeping import losses
from tui.core.evaluation.scores import Outcomes, Scores, heard

SCHEMA, KIND = 1, "modeshare evaluation"
_CRITERIA = ("quality", "forgetting", "memory", "speed")
_HYPOTHESES = ("h1", "h2", "h3")
_UNSURE = "the timings differ too much to say: measure on a quiet machine, or with --full"
#: Nats by which the same answer may differ between two ways of reading it in batches.
_ROUNDING = 0.01


def judged(
    domains: Mapping[str, Scores],
    parts: Mapping[str, Any],
    trained: Sequence[str],
    h3: bool,
    audited: Audited = UNAUDITED,
) -> dict[str, Any]:
    """Criteria, hypotheses and the next action.

    ``trained`` are the modes that have coefficients here; ``h3``: they were made on a base of four bits.
    """
    gains = _gains(domains, trained)
    measured = Measured(
        gains=gains,
        losses={name: one for name, one in losses(parts["forgetting"]).items() if name in gains},
        four_bit=gains if h3 else {},
        memory=parts["memory"].get("beyond_base"),
        decode=_decided(parts["decode"]),
        enough_data=audited.enough,
        audit=audited.sentence,
    )
    found: Verdict = verdict(measured)
    criteria = dict(zip(_CRITERIA, map(_finding, found.criteria), strict=True))
    if measured.decode is None and parts["decode"]["ratio"] is not None:
        criteria["speed"]["sentence"] = _UNSURE
    return {
        "criteria": criteria,
        "hypotheses": dict(zip(_HYPOTHESES, map(_finding, found.hypotheses), strict=True)),
        "next_action": found.action,
    }


def guarded(choice: Choice, outcomes: Outcomes) -> dict[str, Any]:
    """Whether the base is the base again after all changes of mode, and each mode itself."""
    found: dict[str, Any] = {"off": None, "modes": {}}
    if choice.modes:
        found["off"] = _repeated(guard(choice).name, BASE, outcomes)
    for subject in choice.subjects:
        for spec in choice.at_home(subject):
            if one := _repeated(subject.name, spec, outcomes):
                found["modes"][spec] = one
    return found


def four_bit(path: Path) -> bool:
    """Whether most weights of the blocks have four bits, by the file's own header."""
    from engine.header import header_of

    try:
        header = header_of(path)
    except (OSError, ValueError):
        return False
    sizes = {True: 0, False: 0}
    for one in header.tensors:
        if one.name.startswith("blk.") and len(one.shape) > 1:
            sizes[one.kind.name.startswith(("Q4", "IQ4", "MXFP4", "NVFP4"))] += one.size
    return sizes[True] > sizes[False]


def described(info: ModelInfo, fingerprint: str | None) -> dict[str, Any]:
    """The base, as far as numbers depend on it."""
    return {
        "name": info.name,
        "fingerprint": fingerprint,
        "architecture": info.architecture,
        "size": info.size,
        "parameters": info.parameters,
        "four_bit": info.path is not None and four_bit(info.path),
        "context": info.context,
        "slots": info.slots,
        "device": info.device,
        "tuning": list(info.tuning),
    }


def failed(report: Mapping[str, Any]) -> list[str]:
    """What was measured and is not as it must be, a sentence each; empty when the gates are open."""
    found = [
        f"{one['name']}: {one['sentence']}" for one in report["criteria"].values() if one["status"] == "fail"
    ]
    off = report["guards"]["off"]
    if off is not None and not off["same"]:
        found.append(f"with the mode off the base is not what it was ({off['largest']:.3g} nats)")
    return found


def _decided(decode: Mapping[str, Any]) -> float | None:
    """Speed beside the base; None where it seems too low but at no depth in every pair of runs."""
    worst: float | None = decode["ratio"]
    if worst is None or worst >= DECODE:
        return worst
    below = (one["high"] < DECODE for depths in decode["ratios"].values() for one in depths.values())
    return worst if any(below) else None


def _gains(domains: Mapping[str, Scores], trained: Sequence[str]) -> dict[str, Difference]:
    return {
        name if spec == name else f"{name} ({spec})": heard(one["fixed"][spec]["change"])
        for name, one in domains.items()
        if name != GENERAL
        for spec in one["home"]
        if spec in trained and "change" in one["fixed"].get(spec, {})
    }


def _repeated(domain: str, who: str, outcomes: Outcomes) -> dict[str, Any] | None:
    first, second = (outcomes.get(f"{domain} {part} {who}", {}) for part in ("fixed", "again"))
    pairs = [(first[name], one) for name, one in second.items() if name in first]
    if not pairs:
        return None
    largest = max((_distance(*pair) for pair in pairs), default=0.0)
    answers = all((a.picked, a.correct, a.text) == (b.picked, b.correct, b.text) for a, b in pairs)
    return {
        "items": len(pairs),
        "identical": answers and largest == 0.0,
        "same": answers and largest <= _ROUNDING,
        "largest": largest,
    }


def _distance(a: Outcome, b: Outcome) -> float:
    pairs = zip(a.log_likelihoods, b.log_likelihoods, strict=False)
    return max((abs(one - other) for one, other in pairs), default=0.0)


def _finding(one: Any) -> dict[str, str]:
    return {"name": one.name, "status": one.status, "sentence": one.sentence}
