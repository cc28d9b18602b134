"""Whether a mode's coefficients are what they claim: finite, of a plausible size, and the ones once checked.

It must not know files or formats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from engine.lowrank import Basis, Coefficients
from modes.share.compaction import trimmed
from modes.share.subspace import reconstructed

#: A module whose relative change is so many times that of the middle one stands out.
_OUTLIER = 10.0


@dataclass(frozen=True, slots=True)
class Spectrum:
    """ΔW of one module. ``relative`` is ‖ΔW‖ / ‖W0‖; ``gap`` σ₁ / σ₂ (infinite at rank 1).

    ``effective_rank`` is exp of the entropy of the normalised singular values (Roy and Vetterli 2007).
    """

    module: str
    relative: float
    gap: float
    effective_rank: float
    outlier: bool = False


def spectra(basis: Basis, coefficients: Coefficients, norms: Mapping[str, float]) -> list[Spectrum]:
    """Of every module that changes; ``norms`` are ‖W0‖ by module."""
    found = []
    for name, change in reconstructed(basis, coefficients).items():
        values = change.singular_values()
        size = float(np.sqrt((values**2).sum()))
        if size > 0:
            gap = float(values[0] / values[1]) if len(values) > 1 and values[1] > 0 else float("inf")
            found.append(Spectrum(name, size / norms[name], gap, effective_rank(values)))
    middle = median([one.relative for one in found]) if found else 0.0
    return [
        Spectrum(one.module, one.relative, one.gap, one.effective_rank, one.relative > _OUTLIER * middle)
        for one in found
    ]


def effective_rank(values: NDArray[np.float64]) -> float:
    """exp(−Σ pᵢ ln pᵢ) with pᵢ = σᵢ / Σ σ, from 1 to the number of values; 0 for none."""
    kept = values[values > 0]
    if not len(kept):
        return 0.0
    shares = kept / kept.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def refusals(found: list[Spectrum]) -> list[str]:
    """Why a mode with these spectra must not be trusted; empty when nothing speaks against it."""
    if not found:
        return ["it changes nothing"]
    return [
        f"{one.module}: the change is {one.relative:.1f} times as large as the weight itself"
        for one in found
        if not one.relative < 1
    ]


def digest(basis: Basis, coefficients: Coefficients) -> str:
    """SHA-256 (hex) of what the mode is, in float16 as it is kept; growth leaves it the same."""
    found = hashlib.sha256(basis.base.encode())
    for name in sorted(coefficients.cores):
        core, subspace = trimmed(coefficients.cores[name]), basis.modules[name]
        found.update(name.encode())
        parts = [core.left, subspace.up[:, : core.size], subspace.down[:, : core.size]]
        for part in parts if core.right is None else [*parts, core.right]:
            found.update(np.ascontiguousarray(part, np.float16).tobytes())
    return found.hexdigest()


def verified(basis: Basis, coefficients: Coefficients, record: Mapping[str, str] | None) -> bool:
    """Whether ``record``, the note of an earlier check, is of these very numbers."""
    return record is not None and record.get("digest") == digest(basis, coefficients)
