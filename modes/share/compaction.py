"""Bytes of a subspace with its modes, and making it fit a budget.

It must not know domains: whether a compaction is good enough is for whoever replays the tests.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.lowrank import Basis, Coefficients, Core, Subspace
from modes.share.change import Adapter
from modes.share.subspace import Built, build, project, reconstructed


class BudgetTooSmall(ValueError):
    """Not even the smallest subspace fits; the text says how many bytes it takes."""


def trimmed(core: Core) -> Core:
    """The same core without the zeros that growth padded it with: what is stored."""
    parts = [core.left] if core.right is None else [core.left, core.right]
    used = max((int(np.flatnonzero(part.any(axis=1)).max(initial=-1)) + 1 for part in parts), default=0)
    if core.right is not None:
        return Core(core.left[:used], core.right[:used])
    used = max(used, int(np.flatnonzero(core.left.any(axis=0)).max(initial=-1)) + 1)
    return Core(core.left[:used, :used])


def as_learned(basis: Basis, coefficients: Coefficients) -> tuple[Basis, Coefficients] | None:
    """A mode without the directions that came after it, in which it has nothing; None if none did.

    What growth has added is taken away again, so that both must answer alike.
    """
    cores = {name: trimmed(core) for name, core in coefficients.cores.items()}
    cores = {name: core for name, core in cores.items() if core.size}
    if all(core.size == basis.modules[name].rank for name, core in cores.items()):
        return None
    modules = {
        name: Subspace(basis.modules[name].up[:, : core.size], basis.modules[name].down[:, : core.size])
        for name, core in cores.items()
    }
    return Basis(modules, basis.base), Coefficients(cores)


def core_bytes(coefficients: Coefficients, width: int = 2) -> int:
    """Bytes of one mode's cores as stored, at ``width`` bytes a number."""
    cores = (trimmed(core) for core in coefficients.cores.values())
    return sum(
        width * (core.left.size + (core.right.size if core.right is not None else 0)) for core in cores
    )


def basis_bytes(basis: Basis, width: int = 2) -> int:
    """Bytes of U and V of every module."""
    return sum(width * (one.up.size + one.down.size) for one in basis.modules.values())


def total_bytes(basis: Basis, modes: Mapping[str, Coefficients], width: int = 2) -> int:
    """All that has to be kept: the basis once, and the cores of every mode."""
    return basis_bytes(basis, width) + sum(core_bytes(one, width) for one in modes.values())


def compact(basis: Basis, modes: Mapping[str, Coefficients], budget: int, width: int = 2) -> Built:
    """The best subspace of at most ``budget`` bytes for the same modes, by the largest rank that fits.

    Made from the changes that the modes make now; errors are relative to those. One that fits already is
    given back as it is. Raises `BudgetTooSmall`.
    """
    adapters = {mode: reconstructed(basis, one) for mode, one in modes.items()}
    if total_bytes(basis, modes, width) <= budget:
        return Built(basis, dict(modes), {mode: project(basis, one)[1] for mode, one in adapters.items()})
    low, high = 1, max((one.rank for one in basis.modules.values()), default=1)
    smallest = _capped(adapters, basis.base, 1)
    least = total_bytes(smallest.basis, smallest.modes, width)
    if least > budget:
        raise BudgetTooSmall(
            f"a budget of {budget:,} bytes is too small for {len(modes)} modes: rank 1 takes {least:,}"
        )
    best = smallest
    while low < high:
        middle = (low + high + 1) // 2
        tried = _capped(adapters, basis.base, middle)
        if total_bytes(tried.basis, tried.modes, width) <= budget:
            low, best = middle, tried
        else:
            high = middle - 1
    return best


def _capped(adapters: Mapping[str, Adapter], base: str, rank: int) -> Built:
    return build(adapters, base, tolerance=0.0, rank=rank)
