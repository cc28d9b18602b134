"""The shared subspace: built from adapters, seeded without any, grown by what lies outside.

It must not know files or formats; adapters come in as changes, `Basis` and `Coefficients` go out.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.lowrank import Basis, Coefficients, Core, LowRankError, Subspace
from modes.share.change import Adapter, BadAdapter, Change, Matrix

#: Relative error of a mode in a module that may remain after building.
TOLERANCE = 0.05
#: Share of a change that lies outside a basis kept in float16 by rounding alone: not worth a direction.
_ROUNDING = 1e-3


@dataclass(frozen=True, slots=True)
class Built:
    """A subspace and the modes in it. ``errors`` is ‖ΔW − U C Vᵀ‖ / ‖ΔW‖ by mode and module, 0 to 1."""

    basis: Basis
    modes: Mapping[str, Coefficients]
    errors: Mapping[str, Mapping[str, float]]

    def worst(self) -> tuple[str, str, float]:
        """The mode, module and error that a mean would hide."""
        found = [(mode, name, e) for mode, errors in self.errors.items() for name, e in errors.items()]
        return max(found, key=lambda one: one[2], default=("", "", 0.0))


def build(
    adapters: Mapping[str, Adapter], base: str, *, tolerance: float = TOLERANCE, rank: int | None = None
) -> Built:
    """The smallest subspace, module by module, that holds every adapter to ``tolerance``.

    U is the leading left singular vectors of the adapters' columns, each scaled to norm 1 so that a loud
    adapter does not drown a quiet one; V likewise of their rows, and the side that has fewer is filled up.
    ``rank`` caps k, and so does the smaller side of the weight; at k = Σ r it is exact. Raises `BadAdapter`
    where adapters differ in the shape of a module.
    """
    subspaces = {}
    for name in _modules(adapters.values()):
        changes = [adapter[name] for adapter in adapters.values() if name in adapter]
        subspaces[name] = _subspace(name, changes, tolerance, rank)
    basis = Basis(subspaces, base)
    projected = {mode: project(basis, adapter) for mode, adapter in adapters.items()}
    return Built(
        basis,
        {mode: coefficients for mode, (coefficients, _) in projected.items()},
        {mode: errors for mode, (_, errors) in projected.items()},
    )


def project(basis: Basis, adapter: Adapter) -> tuple[Coefficients, dict[str, float]]:
    """The coefficients nearest to ``adapter`` in ``basis``, and the relative error of every module.

    A module that the basis does not have is lost whole (error 1); nothing is raised for what is lost. Raises
    `BadAdapter` for another shape.
    """
    cores, errors = {}, {}
    for name, change in adapter.items():
        subspace = basis.modules.get(name)
        if subspace is None:
            errors[name] = 1.0 if change.norm else 0.0
            continue
        _check_shape(name, change, subspace)
        up, down = _double(subspace)
        core = change.core(up, down)
        if change.norm:  # an absent core leaves the weight as it is
            cores[name] = Core(core.astype(np.float32))
        errors[name] = _error(change, core, up, down)
    return Coefficients(cores), errors


def grow(
    basis: Basis, modes: Mapping[str, Coefficients], adapter: Adapter, *, directions: int | None = None
) -> tuple[Basis, dict[str, Coefficients]]:
    """The basis with up to ``directions`` more for what of ``adapter`` lies outside, and the old modes in it.

    Old cores are padded with zeros and U, V keep their columns, so that every old change stays what it was.
    None takes as many directions as the adapter needs, and raises `BadAdapter` for a module where they do not
    hold it to `TOLERANCE`: U and V have at most as many as the smaller side of the weight. Modules that the
    basis lacks are added to it. Raises `BadAdapter` for another shape.
    """
    grown = dict(basis.modules)
    for name, change in adapter.items():
        old = basis.modules.get(name)
        if old is not None:
            _check_shape(name, change, old)
        grown[name] = _extended(old, change, directions)
        if directions is None:
            _check_held(name, change, grown[name], old)
    return Basis(grown, basis.base), {
        mode: Coefficients({name: padded(core, grown[name].rank) for name, core in found.cores.items()})
        for mode, found in modes.items()
    }


def padded(core: Core, rank: int) -> Core:
    """The same core among ``rank`` directions, of which it uses the first ones. Raises `LowRankError`."""
    missing = rank - core.size
    if missing < 0:
        raise LowRankError(f"a core of size {core.size} does not fit {rank} directions")
    if core.right is None:
        return Core(np.pad(core.left, ((0, missing), (0, missing))))
    rows = ((0, missing), (0, 0))
    return Core(np.pad(core.left, rows), np.pad(core.right, rows))


def seeded(shapes: Mapping[str, tuple[int, int]], rank: int, base: str, seed: int) -> Basis:
    """A random orthonormal basis, the control that a learned one has to beat: it costs no bytes to keep.

    Each module has a stream of its own, so that a subset of modules has the same directions.
    """
    modules = {}
    for name, (rows, columns) in shapes.items():
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        up, down = (np.linalg.qr(rng.standard_normal((size, rank)))[0] for size in (rows, columns))
        modules[name] = Subspace(up.astype(np.float32), down.astype(np.float32))
    return Basis(modules, base)


def reconstructed(basis: Basis, coefficients: Coefficients) -> dict[str, Change]:
    """The changes that coefficients make, as an adapter again."""
    changes = {}
    for name, core in coefficients.cores.items():
        up, down = _double(basis.modules[name])
        if core.right is None:
            changes[name] = Change(up @ core.left.astype(np.float64), down)
        else:
            changes[name] = Change(up @ core.left.astype(np.float64), down @ core.right.astype(np.float64))
    return changes


def _subspace(name: str, changes: Sequence[Change], tolerance: float, rank: int | None) -> Subspace:
    if len({change.shape for change in changes}) > 1:
        shapes = ", ".join(sorted({f"{n} × {d}" for n, d in (change.shape for change in changes)}))
        raise BadAdapter(f"{name}: the adapters are for weights of different shapes ({shapes})")
    loud = [change for change in changes if change.norm > 0]
    if not loud:
        return _none(changes[0].shape)
    up, down = (
        _directions(np.hstack([side(change) / change.norm for change in loud]))
        for side in (Change.columns, Change.rows)
    )
    needed = max(up.shape[1], down.shape[1])
    most = min(needed, *changes[0].shape, rank or needed)
    up, down = (_filled(side, most) for side in (up, down))
    k = max(_smallest(change, up, down, tolerance) for change in loud)
    return Subspace(up[:, :k].astype(np.float32), down[:, :k].astype(np.float32))


def _directions(stacked: Matrix) -> Matrix:
    """Left singular vectors, without those that only rounding made."""
    u, sigma, _ = np.linalg.svd(stacked, full_matrices=False)
    return u[:, : max(1, int((sigma > sigma[0] * 1e-10).sum()))]


def _filled(side: Matrix, count: int) -> Matrix:
    """The first ``count`` columns, and as many of no meaning as are missing."""
    missing = max(0, count - side.shape[1])
    return (
        np.hstack([side[:, :count], _orthonormal(side, side[:, :0], missing)]) if missing else side[:, :count]
    )


def _smallest(change: Change, up: Matrix, down: Matrix, tolerance: float) -> int:
    """The least k at which the leading k × k block of C leaves an error of at most ``tolerance``."""
    squares = change.core(up, down) ** 2
    kept = np.diagonal(squares.cumsum(0).cumsum(1))
    enough = np.sqrt(np.maximum(0.0, 1 - kept / change.norm**2)) <= tolerance
    return int(enough.argmax()) + 1 if enough.any() else len(enough)


def _extended(old: Subspace | None, change: Change, directions: int | None) -> Subspace:
    up, down = _double(old) if old is not None else _double(_none(change.shape))
    outside_up, outside_down = _outside(up, change.columns()), _outside(down, change.rows())
    most = min(len(up) - up.shape[1], len(down) - down.shape[1])
    wanted = most if directions is None else min(directions, most)
    new_up, new_down = _leading(outside_up, change.norm, wanted), _leading(outside_down, change.norm, wanted)
    count = max(new_up.shape[1], new_down.shape[1])
    return Subspace(
        np.hstack([up, _orthonormal(up, new_up, count)]).astype(np.float32),
        np.hstack([down, _orthonormal(down, new_down, count)]).astype(np.float32),
    )


def _check_held(name: str, change: Change, grown: Subspace, old: Subspace | None) -> None:
    up, down = _double(grown)
    error = _error(change, change.core(up, down), up, down)
    if error > TOLERANCE:
        raise BadAdapter(
            f"{name}: other modes take {old.rank if old else 0} of {min(change.shape)} directions that can "
            f"be there, and the rest would hold the change with an error of {error:.0%}: make room with "
            "tui modes compact, or leave this module out of the adapter"
        )


def _outside(basis: Matrix, vectors: Matrix) -> Matrix:
    """What of ``vectors`` no combination of the columns of ``basis`` makes, however those were rounded."""
    exact = np.asarray(np.linalg.qr(basis).Q)
    for _ in range(2):  # once leaves what rounding made of nearly parallel columns
        vectors = vectors - exact @ (exact.T @ vectors)
    return vectors


def _leading(outside: Matrix, norm: float, most: int) -> Matrix:
    """The leading directions of what lies outside, none for what is no more than rounding."""
    u, sigma, _ = np.linalg.svd(outside, full_matrices=False)
    return u[:, : min(most, int((sigma > max(norm, 1e-30) * _ROUNDING).sum()))]


def _orthonormal(basis: Matrix, new: Matrix, count: int) -> Matrix:
    """``new`` made orthonormal to ``basis``, filled up to ``count`` columns with directions of no meaning."""
    rng = np.random.default_rng(len(basis))
    filled = np.hstack([new, rng.standard_normal((len(basis), count - new.shape[1]))])
    for _ in range(2):
        filled = np.asarray(np.linalg.qr(_outside(basis, filled)).Q)
    return filled


def _error(change: Change, core: Matrix, up: Matrix, down: Matrix) -> float:
    """The relative distance, from k × k products alone; U and V need not be quite orthonormal."""
    if not change.norm:
        return 0.0
    made = float((core * (up.T @ up @ core @ (down.T @ down))).sum())
    return float(np.sqrt(max(0.0, change.norm**2 - 2 * float((core * core).sum()) + made))) / change.norm


def _check_shape(name: str, change: Change, subspace: Subspace) -> None:
    wanted = len(subspace.up), len(subspace.down)
    if change.shape != wanted:
        n, d = change.shape
        raise BadAdapter(
            f"{name}: the adapter is for a weight of {n} × {d}, the base has {wanted[0]} × {wanted[1]}"
        )


def _none(shape: tuple[int, int]) -> Subspace:
    return Subspace(np.zeros((shape[0], 0), np.float32), np.zeros((shape[1], 0), np.float32))


def _double(subspace: Subspace) -> tuple[Matrix, Matrix]:
    return subspace.up.astype(np.float64), subspace.down.astype(np.float64)


def _modules(adapters: Iterable[Adapter]) -> list[str]:
    return list(dict.fromkeys(name for adapter in adapters for name in adapter))
