"""Coefficients that were installed, and the files made of them for servers that read files.

It must not know what a server does with them, nor how a file is written.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from engine.contract import AdapterRefused, NotInstalled, Scales
from engine.lowrank import Basis, Coefficients, LowRankError, blend, check_fit

Form = Literal["peft", "mlx", "gguf"]
#: Writes coefficients as an adapter in a form, at a path where nothing is, for the base in a GGUF file.
#: Raises `AdapterRefused`.
Export = Callable[[Form, Path, Basis, Coefficients, Path], None]


def version_of(basis: Basis, coefficients: Coefficients) -> str:
    """Eight hex digits that tell these coefficients in this basis from any others."""
    digest = hashlib.sha256(basis.base.encode())
    for name, core in sorted(coefficients.cores.items()):
        digest.update(name.encode())
        for part in (basis.modules[name].up, basis.modules[name].down, core.dense()):
            digest.update(np.ascontiguousarray(part, dtype=np.float32).tobytes())
    return digest.hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Kept:
    """Coefficients under the name ``mode``. ``label`` is mode and version: what a server calls them."""

    mode: str
    basis: Basis
    coefficients: Coefficients
    label: str

    @classmethod
    def of(cls, mode: str, basis: Basis, coefficients: Coefficients) -> Kept:
        """Raises `AdapterRefused` for coefficients that do not fit ``basis``."""
        try:
            check_fit(basis, coefficients)
        except LowRankError as error:
            raise AdapterRefused(f"{mode} cannot be installed: {error}") from error
        return cls(mode, basis, coefficients, f"{mode}-{version_of(basis, coefficients)}")


class Shelf:
    """What is installed, by name. From any thread."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(self._kept)

    def keep(self, kept: Kept) -> None:
        self._kept[kept.mode] = kept

    def remove(self, mode: str) -> None:
        """Raises `NotInstalled`."""
        del self._kept[self.find(mode).mode]

    def find(self, mode: str) -> Kept:
        """Raises `NotInstalled`."""
        try:
            return self._kept[mode]
        except KeyError:
            held = ", ".join(self._kept) or "none"
            raise NotInstalled(f"no coefficients named {mode} are installed (installed: {held})") from None

    def parts(self, scales: Scales) -> list[tuple[Kept, float]]:
        """What ``scales`` names, each once with the sum of its scales; zeros are left out."""
        total: dict[str, float] = {}
        for name, scale in scales:
            total[name] = total.get(name, 0.0) + scale
        found = ((self.find(name), scale) for name, scale in sorted(total.items()))
        return [(kept, scale) for kept, scale in found if scale != 0.0]

    def blended(self, scales: Scales) -> Kept | None:
        """``scales`` as one set of coefficients: in one basis a blend of modes is a mode. None: the base.

        Raises `NotInstalled`, `AdapterRefused`.
        """
        parts = self.parts(scales)
        if not parts:
            return None
        first = parts[0][0]
        if [scale for _, scale in parts] == [1.0]:
            return first
        if any(kept.basis is not first.basis for kept, _ in parts):
            raise AdapterRefused("modes of different subspaces cannot be blended: use one of them")
        mixed = blend((kept.coefficients, scale) for kept, scale in parts)
        return Kept.of("+".join(kept.mode for kept, _ in parts), first.basis, mixed)


class Folder:
    """Adapters for ``base`` as files in ``path``, by label; `clear` removes those that are not to stay."""

    def __init__(self, path: Path, form: Form, export: Export, base: Path) -> None:
        self.path, self._form, self._export, self._base = path, form, export, base
        self._made: set[Path] = set()
        self._lock = threading.Lock()

    def put(self, kept: Kept, stay: bool = False) -> Path:
        """Where ``kept`` lies now, written unless it is there. Raises `AdapterRefused`."""
        target = self.path / (f"{kept.label}.gguf" if self._form == "gguf" else f"{kept.label}-{self._form}")
        with self._lock:
            if stay:
                self._made.discard(target)
            if target.exists():
                return target
            try:
                self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
                with tempfile.TemporaryDirectory(dir=self.path, prefix=".making-") as making:
                    made = Path(making) / target.name
                    self._export(self._form, made, kept.basis, kept.coefficients, self._base)
                    made.rename(target)
            except OSError as error:
                if target.exists():  # another program was quicker
                    return target
                raise AdapterRefused(
                    f"{kept.mode} cannot be written to {self.path} ({error.strerror}): make room, "
                    "or name another folder with server_folder"
                ) from error
            if not stay:
                self._made.add(target)
        return target

    def clear(self) -> None:
        """Remove what this object has written."""
        with self._lock:
            for path in self._made:
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            self._made.clear()
