"""Basis and Coefficients: what a mode is to an engine.

For one module with frozen weight W0 (n × d) the subspace is U = ``up`` (n × k) and V = ``down`` (d × k),
both with orthonormal columns and shared by all modes; a mode is a core C (k × k), and its change of the
weight is ΔW = U C Vᵀ. The joint form is that of "Compress then Serve" (arXiv 2407.00066); the name Share
and the idea of growing it are from arXiv 2602.06043.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

#: How far UᵀU may stand from the identity, largest entry: float16 storage keeps it under 2e-3.
ORTHONORMAL_TOLERANCE = 5e-3


class LowRankError(ValueError):
    """Factors whose shapes, values or modules do not fit together."""


@dataclass(frozen=True, slots=True)
class Subspace:
    """One module's shared factors: ``up`` U (n × k), ``down`` V (d × k)."""

    up: Matrix
    down: Matrix

    def __post_init__(self) -> None:
        if self.up.ndim != 2 or self.down.ndim != 2 or self.up.shape[1] != self.down.shape[1]:
            raise LowRankError(
                f"U {self.up.shape} and V {self.down.shape} must be matrices with the same number of columns"
            )
        for name, factor in (("U", self.up), ("V", self.down)):
            gram = factor.T @ factor
            worst = float(np.abs(gram - np.eye(len(gram))).max(initial=0.0))
            if not worst <= ORTHONORMAL_TOLERANCE:  # also true for NaN
                raise LowRankError(f"{name} is not orthonormal (off by {worst:.2g})")

    @property
    def rank(self) -> int:
        """k, the number of shared directions."""
        return int(self.up.shape[1])


@dataclass(frozen=True, slots=True)
class Basis:
    """The subspace of every targeted module, by the module's tensor name, for one base model.

    ``base`` is the fingerprint of the weights that the basis was made for.
    """

    modules: Mapping[str, Subspace]
    base: str


@dataclass(frozen=True, slots=True)
class Core:
    """C = ``left`` ``right``ᵀ with ``left``, ``right`` (k × p); a full core has ``right`` None."""

    left: Matrix
    right: Matrix | None = None

    def __post_init__(self) -> None:
        if self.right is None:
            if self.left.ndim != 2 or self.left.shape[0] != self.left.shape[1]:
                raise LowRankError(f"a full core must be square, not {self.left.shape}")
        elif self.left.shape != self.right.shape or self.left.ndim != 2:
            raise LowRankError(f"core factors differ in shape: {self.left.shape}, {self.right.shape}")
        if not all(np.isfinite(part).all() for part in (self.left, self.right) if part is not None):
            raise LowRankError("a core has values that are not finite")

    @property
    def size(self) -> int:
        """k: the core acts on k shared directions."""
        return int(self.left.shape[0])

    def dense(self) -> Matrix:
        """C (k × k)."""
        return self.left if self.right is None else self.left @ self.right.T


@dataclass(frozen=True, slots=True)
class Coefficients:
    """One mode: a core per module. Modules that are absent are left as they are in the base."""

    cores: Mapping[str, Core]


def adapter_factors(subspace: Subspace, core: Core) -> tuple[Matrix, Matrix]:
    """``(B, A)`` with B A = U C Vᵀ, B (n × p) and A (p × d), p ≥ 1.

    A full core may leave whole rows or columns zero, as one does that is older than the newest directions: p
    is then as small as the fewer of those that are left, for all p would be multiplied with every token.
    """
    if core.size != subspace.rank:
        raise LowRankError(f"core of size {core.size} in a subspace of rank {subspace.rank}")
    if not core.left.size:  # no directions, or a core of rank 0
        return np.zeros((len(subspace.up), 1), np.float32), np.zeros((1, len(subspace.down)), np.float32)
    if core.right is not None:
        return subspace.up @ core.left, core.right.T @ subspace.down.T
    rows, columns = (_used(core.left, axis) for axis in (1, 0))
    if len(rows) < len(columns):
        return np.ascontiguousarray(subspace.up[:, rows]), core.left[rows] @ subspace.down.T
    return subspace.up @ core.left[:, columns], np.ascontiguousarray(subspace.down[:, columns].T)


def _used(core: Matrix, axis: int) -> NDArray[np.intp]:
    """Where the core is not zero all along ``axis``; one place where it is zero everywhere."""
    found = np.flatnonzero(core.any(axis=axis))
    return found if len(found) else np.zeros(1, np.intp)


def delta(subspace: Subspace, core: Core) -> Matrix:
    """ΔW = U C Vᵀ (n × d)."""
    up, down = adapter_factors(subspace, core)
    return up @ down


def check_fit(basis: Basis, coefficients: Coefficients) -> None:
    """Raise `LowRankError` unless every core has its subspace, of its own size."""
    for name, core in coefficients.cores.items():
        if name not in basis.modules:
            raise LowRankError(f"coefficients for {name}, which the basis does not have")
        if core.size != basis.modules[name].rank:
            raise LowRankError(
                f"{name}: core of size {core.size}, subspace of rank {basis.modules[name].rank}"
            )


def blend(parts: Iterable[tuple[Coefficients, float]]) -> Coefficients:
    """The linear blend Σ wᵢ Cᵢ, module by module; a module absent from a part counts as zero there."""
    total: dict[str, Matrix] = {}
    for coefficients, weight in parts:
        for name, core in coefficients.cores.items():
            term = np.float32(weight) * core.dense()
            if name in total and total[name].shape != term.shape:
                raise LowRankError(f"{name}: cores of sizes {len(total[name])} and {len(term)}")
            total[name] = total[name] + term if name in total else term
    return Coefficients({name: Core(value) for name, value in total.items()})
