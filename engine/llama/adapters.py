"""Coefficients as llama.cpp adapters: written as a GGUF LoRA file, loaded, and kept by name.

ΔW = U C Vᵀ becomes B A with A = Vᵀ (or RᵀVᵀ for C = L Rᵀ) and B = U C (or U L); llama.cpp adds
scale · B(A x) to W0 x. Two things make that cheap with every token: where W0 is packed, A is too, in eight
bits as x is then anyway; and zeros fill the rank up to what a product takes at once, for its rest goes one by
one (`filled`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType as Kind

from engine.adapter_file import Matrix, write_adapter_file
from engine.contract import AdapterRefused, NotInstalled, Scales, WrongBase
from engine.header import header_of
from engine.llama.context import ActiveAdapter, ActiveAdapters
from engine.llama.library import dot_length, llama, recent_log
from engine.llama.model import LlamaModel
from engine.lowrank import Basis, Coefficients, LowRankError, adapter_factors, check_fit
from engine.rank import filled

_PLAIN = {Kind.F64, Kind.F32, Kind.F16, Kind.BF16}


@dataclass(frozen=True, slots=True)
class Adapter:
    """A loaded adapter: llama.cpp's pointer, a serial number of its own, its bytes."""

    handle: Any
    serial: int
    size: int


class AdapterShelf:
    """The adapters of one model, by name. The only place where they are loaded and freed."""

    def __init__(self, model: LlamaModel) -> None:
        self._model = model
        self._adapters: dict[str, Adapter] = {}
        self._retired: list[Adapter] = []
        self._serial = 0

    @cached_property
    def _packed(self) -> frozenset[str]:
        """The weights of the model that are not kept as plain numbers; none if its file is gone by now."""
        try:
            tensors = header_of(self._model.path).tensors
        except (OSError, ValueError):
            return frozenset()
        return frozenset(one.name for one in tensors if one.kind not in _PLAIN)

    def names(self) -> tuple[str, ...]:
        return tuple(self._adapters)

    def sizes(self) -> dict[str, int]:
        """Bytes of the tensors of every adapter."""
        return {name: adapter.size for name, adapter in self._adapters.items()}

    def install(self, name: str, basis: Basis, coefficients: Coefficients, fingerprint: str) -> None:
        """Load coefficients under ``name``; what had that name is retired once the new one is loaded."""
        if basis.base != fingerprint:
            raise WrongBase(
                f"{name} was made for base {basis.base[:12]}, the loaded model "
                f"{self._model.name} is {fingerprint[:12]}: load the model it was made for, "
                "or train it for this one"
            )
        try:
            loaded = self._load(name, basis, coefficients)
        except OSError as error:
            raise AdapterRefused(
                f"{name} cannot be installed: its file for llama.cpp cannot be written "
                f"({error.strerror or error}): make room for temporary files, or name a folder in TMPDIR"
            ) from error
        if name in self._adapters:
            self.retire(name)
        self._adapters[name] = loaded

    def _load(self, name: str, basis: Basis, coefficients: Coefficients) -> Adapter:
        with tempfile.TemporaryDirectory(prefix="modeshare-") as folder:
            path = Path(folder) / "adapter.gguf"
            try:
                check_fit(basis, coefficients)
                step = dot_length()
                factors = {
                    name: _filled(*adapter_factors(basis.modules[name], core), step)
                    for name, core in coefficients.cores.items()
                }
                size = write_adapter_file(path, self._model.architecture, factors, self._packed)
            except LowRankError as error:
                raise AdapterRefused(f"{name} cannot be installed: {error}") from error
            recent_log(clear=True)
            handle = llama.llama_adapter_lora_init(self._model.handle, str(path).encode())
        if not handle:
            reason = (recent_log() or ["it gave no reason"])[-1]
            raise AdapterRefused(f"{name} cannot be installed; llama.cpp said: {reason}")
        self._serial += 1
        return Adapter(handle, self._serial, size)

    def retire(self, name: str) -> None:
        """No request finds ``name`` any more; it is freed by `free_retired`. Raises `NotInstalled`."""
        self._retired.append(self._find(name))
        del self._adapters[name]

    def free_retired(self, in_use: Callable[[int], bool], before_free: Callable[[int], None]) -> None:
        """Free what was retired and is not ``in_use`` (by serial number), after ``before_free``."""
        for adapter in [one for one in self._retired if not in_use(one.serial)]:
            before_free(adapter.serial)
            self._retired.remove(adapter)
            llama.llama_adapter_lora_free(adapter.handle)

    def active(self, scales: Scales) -> ActiveAdapters:
        """The adapters of a request; one name twice counts with the sum of its scales, and zero is none.

        Raises `NotInstalled`.
        """
        total: dict[str, float] = {}
        for name, scale in scales:
            total[name] = total.get(name, 0.0) + scale
        found = ((self._find(name), scale) for name, scale in sorted(total.items()))
        return tuple(
            ActiveAdapter(adapter.serial, scale, adapter.handle) for adapter, scale in found if scale != 0.0
        )

    def _find(self, name: str) -> Adapter:
        try:
            return self._adapters[name]
        except KeyError:
            held = ", ".join(self._adapters) or "none"
            raise NotInstalled(f"no coefficients named {name} are installed (installed: {held})") from None


def _filled(up: Matrix, down: Matrix, step: int) -> tuple[Matrix, Matrix]:
    """B (n × p) and A (p × d) with zeros up to the rank that is multiplied fastest; their product stays."""
    more = filled(len(down), step) - len(down)
    return np.pad(up, ((0, 0), (0, more))), np.pad(down, ((0, more), (0, 0)))
