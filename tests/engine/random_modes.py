"""Random coefficients for a model's modules, in a random shared subspace."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.lowrank import Basis, Coefficients, Core, Matrix, Subspace, delta


def directions(rng: np.random.Generator, size: int, rank: int) -> Matrix:
    """Orthonormal columns (size × rank)."""
    return np.linalg.qr(rng.standard_normal((size, rank)))[0].astype(np.float32)


def random_basis(shapes: Mapping[str, tuple[int, int]], rank: int, base: str, seed: int = 0) -> Basis:
    """A subspace of ``rank`` for every module of ``shapes`` (rows, columns)."""
    rng = np.random.default_rng(seed)
    modules = {
        name: Subspace(directions(rng, rows, rank), directions(rng, columns, rank))
        for name, (rows, columns) in shapes.items()
    }
    return Basis(modules, base)


def random_coefficients(basis: Basis, size: float, seed: int, factors: int | None = None) -> Coefficients:
    """Cores of about ``size`` in every entry, full or (``factors`` p) as k × p factors."""
    rng = np.random.default_rng(seed)

    def core(rank: int) -> Core:
        if factors is None:
            return Core((rng.standard_normal((rank, rank)) * size).astype(np.float32))
        left, right = (rng.standard_normal((rank, factors)).astype(np.float32) for _ in "LR")
        return Core(left * np.float32(size), right)

    return Coefficients({name: core(subspace.rank) for name, subspace in basis.modules.items()})


def changes(basis: Basis, coefficients: Coefficients, scale: float = 1.0) -> dict[str, Matrix]:
    """``scale`` ΔW of every module, dense."""
    factor = np.float32(scale)
    return {name: factor * delta(basis.modules[name], core) for name, core in coefficients.cores.items()}
