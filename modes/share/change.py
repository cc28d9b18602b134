"""The change of one weight as low-rank factors, and an adapter as the changes of many.

Everything here depends on ΔW = L Rᵀ alone, never on how L and R divide it: L G and R G⁻ᵀ are the same change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


class BadAdapter(ValueError):
    """Factors that make no change of a weight; the text names the module and says what is wrong."""


@dataclass(frozen=True, slots=True)
class Change:
    """ΔW = ``left`` ``right``ᵀ of one module, ``left`` L (n × r), ``right`` R (d × r)."""

    left: Matrix
    right: Matrix

    def __post_init__(self) -> None:
        if self.left.ndim != 2 or self.right.ndim != 2 or self.left.shape[1] != self.right.shape[1]:
            raise BadAdapter(f"factors {self.left.shape} and {self.right.shape} have no rank in common")
        if not (np.isfinite(self.left).all() and np.isfinite(self.right).all()):
            raise BadAdapter("factors with values that are not finite")

    @property
    def shape(self) -> tuple[int, int]:
        """(n, d), that of the weight."""
        return len(self.left), len(self.right)

    @property
    def norm(self) -> float:
        """‖ΔW‖ in the Frobenius norm, from the r × r Gram matrices."""
        return float(np.sqrt(max(0.0, ((self.left.T @ self.left) * (self.right.T @ self.right)).sum())))

    def columns(self) -> Matrix:
        """X (n × r) with ΔW = X Qᵀ for orthonormal Q: the column space of the change, in its size."""
        return self.left @ _triangle(self.right).T

    def rows(self) -> Matrix:
        """Y (d × r) with ΔW = P Yᵀ for orthonormal P: the same for the row space."""
        return self.right @ _triangle(self.left).T

    def singular_values(self) -> NDArray[np.float64]:
        """Of ΔW, descending, from the r × r product of the triangular factors."""
        inner = _triangle(self.left) @ _triangle(self.right).T
        return np.asarray(np.linalg.svd(inner, compute_uv=False))

    def core(self, up: Matrix, down: Matrix) -> Matrix:
        """C = Uᵀ ΔW V (k × k), the change as far as the subspace holds it."""
        return (up.T @ self.left) @ (down.T @ self.right).T

    def truncated(self, rank: int) -> Change:
        """The nearest change of at most ``rank``, with both factors of one size (Eckart and Young 1936)."""
        p, s = np.linalg.qr(self.left)
        q, t = np.linalg.qr(self.right)
        u, sigma, vt = np.linalg.svd(s @ t.T)
        root = np.sqrt(sigma[:rank])
        return Change(p @ (u[:, :rank] * root), q @ (vt[:rank].T * root))


def _triangle(factor: Matrix) -> Matrix:
    """R of the QR decomposition (min(rows, r) × r)."""
    return np.asarray(np.linalg.qr(factor, mode="r"))


#: The changes of one adapter, by the module's tensor name (``blk.3.ffn_down.weight``).
Adapter = Mapping[str, Change]
