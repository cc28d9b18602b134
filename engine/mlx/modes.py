"""Coefficients by name: their shared factors put into the model once, their cores kept beside it.

A mode that is replaced is a few small arrays that take the place of others; U and V stay where they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from engine.contract import AdapterRefused, NotInstalled, Scales, WrongBase
from engine.lowrank import Basis, Coefficients, LowRankError, Subspace, check_fit
from engine.mlx.blending import Mode, blended
from engine.mlx.library import mx
from engine.mlx.share import BASE, Key, Mix, Space, Term, Wrapping

_MIB = 1 << 20


class ModeShelf:
    """The modes of one model. ``free`` says how many bytes may still be taken."""

    def __init__(self, name: str, wrapping: Wrapping, free: Callable[[], int]) -> None:
        self._model_name, self._wrapping, self._free = name, wrapping, free
        self._modes: dict[str, Mode] = {}
        self._spaces: dict[str, Space] = {}
        self._mixes: dict[Key, Mix] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(self._modes)

    def sizes(self) -> dict[str, int]:
        """Bytes of the cores of every mode."""
        return {name: mode.size for name, mode in self._modes.items()}

    def install(self, name: str, basis: Basis, coefficients: Coefficients, fingerprint: str) -> None:
        """Keep coefficients under ``name``, in place of what had it. Raises `WrongBase`, `AdapterRefused`."""
        if basis.base != fingerprint:
            raise WrongBase(
                f"{name} was made for base {basis.base[:12]}, the loaded model "
                f"{self._model_name} is {fingerprint[:12]}: load the model it was made for, "
                "or train it for this one"
            )
        try:
            check_fit(basis, coefficients)
            for module in coefficients.cores:
                self._check_module(module, basis.modules[module])
        except (LowRankError, ValueError) as error:
            raise AdapterRefused(f"{name} cannot be installed: {error}") from error
        digests = {module: _digest(module, basis.modules[module]) for module in coefficients.cores}
        self._check_room(name, basis, digests)
        self._modes[name] = self._mode(basis, coefficients, digests)
        self._tidy()

    def remove(self, name: str) -> None:
        """No request finds ``name`` any more; answers under way keep what they have.

        Raises `NotInstalled`.
        """
        self._find(name)
        del self._modes[name]
        self._tidy()

    def mix(self, scales: Scales) -> Mix:
        """The blend of a request; one name twice counts with the sum of its scales, and zero is none.

        Raises `NotInstalled`.
        """
        total: dict[Mode, float] = {}
        for name, scale in scales:
            mode = self._find(name)
            total[mode] = total.get(mode, 0.0) + scale
        parts = sorted(((mode, scale) for mode, scale in total.items() if scale), key=lambda p: p[0].digest)
        key = tuple((mode.digest, scale) for mode, scale in parts)
        if not key:
            return BASE
        if key not in self._mixes:
            self._mixes[key] = Mix(key, blended(parts))
        return self._mixes[key]

    def _check_module(self, module: str, subspace: Subspace) -> None:
        shape = self._wrapping.shape(module)
        if shape is None:
            raise ValueError(f"the model has no module {module}")
        wanted = (len(subspace.up), len(subspace.down))
        if shape != wanted:
            raise ValueError(
                f"{module} is {shape[0]} × {shape[1]} here, and {wanted[0]} × {wanted[1]} in the basis"
            )

    def _check_room(self, name: str, basis: Basis, digests: Mapping[str, str]) -> None:
        new = (basis.modules[module] for module, digest in digests.items() if digest not in self._spaces)
        needed = sum(one.up.nbytes + one.down.nbytes for one in new)
        if needed > (free := self._free()):
            raise AdapterRefused(
                f"{name} cannot be installed: its subspace takes {needed / _MIB:,.0f} MiB and "
                f"{free / _MIB:,.0f} MiB are free: close other programs, or remove other modes"
            )

    def _mode(self, basis: Basis, coefficients: Coefficients, digests: Mapping[str, str]) -> Mode:
        whole, terms, size = hashlib.sha256(), {}, 0
        for module in sorted(digests):
            core, dtype = coefficients.cores[module].dense(), self._wrapping.dtype(module)
            space = self._space(digests[module], basis.modules[module], dtype)
            term = Term(space, mx.array(np.ascontiguousarray(core.T)).astype(dtype))
            terms[self._wrapping.number(module)] = term
            whole.update(digests[module].encode() + np.ascontiguousarray(core).tobytes())
            size += term.core.nbytes
        mx.eval([term.core for term in terms.values()])
        return Mode(whole.hexdigest(), terms, size)

    def _space(self, digest: str, subspace: Subspace, dtype: Any) -> Space:
        if digest not in self._spaces:
            up, down = np.ascontiguousarray(subspace.up.T), np.ascontiguousarray(subspace.down)
            space = Space(mx.array(down).astype(dtype), mx.array(up).astype(dtype))
            mx.eval(space.down, space.up)
            self._spaces[digest] = space
        return self._spaces[digest]

    def _tidy(self) -> None:
        """Let go of what no mode needs; rows under way hold their own."""
        held = {id(term.space) for mode in self._modes.values() for term in mode.terms.values()}
        self._spaces = {digest: space for digest, space in self._spaces.items() if id(space) in held}
        known = {mode.digest for mode in self._modes.values()}
        self._mixes = {key: mix for key, mix in self._mixes.items() if {one for one, _ in key} <= known}
        self._wrapping.selection.forget()

    def _find(self, name: str) -> Mode:
        try:
            return self._modes[name]
        except KeyError:
            held = ", ".join(self._modes) or "none"
            raise NotInstalled(f"no coefficients named {name} are installed (installed: {held})") from None


def _digest(module: str, subspace: Subspace) -> str:
    digest = hashlib.sha256(module.encode())
    for factor in (subspace.up, subspace.down):
        digest.update(repr(factor.shape).encode() + np.ascontiguousarray(factor).tobytes())
    return digest.hexdigest()
