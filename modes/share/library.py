"""The subspace on disk: versions beside each other, and one of them current.

A version is written whole before the pointer moves to it, in one step; rolling back moves the pointer.
Tensors only (safetensors), so that nothing in a file can be executed. It must not know how a subspace was
made.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from engine.lowrank import Basis, Coefficients, Core, LowRankError, Subspace
from modes.share.compaction import trimmed
from modes.share.subspace import padded

SCHEMA = 1
_POINTER = "current"
_ABOUT = "subspace.json"
_DTYPES = {"f16": np.float16, "f32": np.float32}


class LibraryError(Exception):
    """A version that cannot be read or written; the text says which, why and what holds meanwhile."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """A basis with the modes in it. ``notes`` is any JSON kept beside: how it was made, its errors."""

    basis: Basis
    modes: Mapping[str, Coefficients]
    notes: Mapping[str, Any] = field(default_factory=dict)


class Library:
    """The versions in one folder, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where the versions are."""
        return self._folder

    def versions(self) -> tuple[str, ...]:
        """Names of all whole versions, oldest first."""
        if not self._folder.is_dir():
            return ()
        found = (path for path in self._folder.iterdir() if path.name.startswith("v") and path.is_dir())
        return tuple(sorted((path.name for path in found), key=_number))

    def current(self) -> str | None:
        """The version that holds, or None when there is none."""
        try:
            name = (self._folder / _POINTER).read_text().strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LibraryError(f"{self._folder / _POINTER} cannot be read ({error.strerror})") from error
        return name if name in self.versions() else None

    def save(self, shelved: Shelved, dtype: str = "f16") -> str:
        """Write a new version and make it current; its name. What was current stays until then.

        ``dtype`` f16 or f32 is how numbers are kept. Raises `LibraryError`, and nothing has changed then.
        """
        numbers = [_number(name) for name in self.versions()]
        name = f"v{max(numbers, default=0) + 1}"
        part = self._folder / f".{secrets.token_hex(8)}.part"
        try:
            part.mkdir(parents=True, mode=0o700)
            _write(part, shelved, dtype)
            part.rename(self._folder / name)
            self._point(name)
        except OSError as error:
            raise LibraryError(
                f"{self._folder}: the new version cannot be written ({error.strerror}): "
                f"{self.current() or 'nothing'} stays current"
            ) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return name

    def load(self, version: str | None = None) -> Shelved:
        """A version, by default the current one. Raises `LibraryError`."""
        name = version or self.current()
        if name is None or name not in self.versions():
            known = ", ".join(self.versions()) or "none"
            raise LibraryError(f"{self._folder}: no version {name or 'is current'} (there are: {known})")
        try:
            return _read(self._folder / name)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError, LowRankError) as error:
            raise LibraryError(
                f"{self._folder / name} is damaged ({error}): roll back, or move it away"
            ) from error

    def note(self, notes: Mapping[str, Any]) -> None:
        """Put other notes to the current version, in one step; its numbers stay. Raises `LibraryError`."""
        name = self.current()
        if name is None:
            raise LibraryError(f"{self._folder}: no version is current")
        file = self._folder / name / _ABOUT
        part = self._folder / f".{secrets.token_hex(8)}.notes"
        try:
            about = json.loads(file.read_text()) | {"notes": dict(notes)}
            _synced(part, json.dumps(about, indent=1).encode())
            part.replace(file)
        except (OSError, ValueError) as error:
            raise LibraryError(f"{file}: the notes cannot be written ({error}): it stays as it is") from error
        finally:
            part.unlink(missing_ok=True)

    def notes(self) -> dict[str, Any]:
        """The notes of the current version alone; none when they cannot be read."""
        found = self._about().get("notes")
        return found if isinstance(found, dict) else {}

    def names(self) -> tuple[str, ...]:
        """The modes of the current version, without reading them; none when that cannot be read."""
        found = self._about().get("modes")
        return tuple(map(str, found)) if isinstance(found, list) else ()

    def _about(self) -> dict[str, Any]:
        try:
            found = json.loads((self._folder / (self.current() or "") / _ABOUT).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def strangers(self) -> tuple[str, ...]:
        """Names of files in the current version that are neither tensors (safetensors) nor its JSON."""
        name = self.current()
        files = sorted((self._folder / name).iterdir()) if name else []
        return tuple(one.name for one in files if one.name != _ABOUT and one.suffix != ".safetensors")

    def rollback(self) -> str:
        """Make the version before the current one current; its name. Raises `LibraryError`."""
        versions, current = self.versions(), self.current()
        at = versions.index(current) if current else 0
        if at == 0:
            raise LibraryError(f"{self._folder}: there is no version before {current or 'the first'}")
        self._point(versions[at - 1])
        return versions[at - 1]

    def _point(self, name: str) -> None:
        part = self._folder / f".{secrets.token_hex(8)}.pointer"
        try:
            with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:  # noqa: PTH123
                file.write(name + "\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._folder / _POINTER)
        finally:
            part.unlink(missing_ok=True)


def _number(name: str) -> int:
    return int(name[1:]) if name[1:].isdigit() else 0


def _write(folder: Path, shelved: Shelved, dtype: str) -> None:
    kind, basis = _DTYPES[dtype], shelved.basis
    tensors = {}
    for name, one in basis.modules.items():
        tensors[f"{name}.up"] = np.ascontiguousarray(one.up, dtype=kind)
        tensors[f"{name}.down"] = np.ascontiguousarray(one.down, dtype=kind)
    _save(tensors, folder / "basis.safetensors")
    for mode, coefficients in shelved.modes.items():
        _save(_cores(coefficients, kind), folder / f"{mode}.mode.safetensors")
    about = {
        "schema": SCHEMA,
        "base": basis.base,
        "dtype": dtype,
        "modules": {name: one.rank for name, one in basis.modules.items()},
        "modes": list(shelved.modes),
        "notes": dict(shelved.notes),
    }
    _synced(folder / _ABOUT, json.dumps(about, indent=1).encode())


def _cores(coefficients: Coefficients, kind: Any) -> dict[str, Any]:
    tensors = {}
    for name, whole in coefficients.cores.items():
        core = trimmed(whole)
        suffixes = {"core": core.left} if core.right is None else {"left": core.left, "right": core.right}
        for suffix, part in suffixes.items():
            tensors[f"{name}.{suffix}"] = np.ascontiguousarray(part, dtype=kind)
    return tensors


def _save(tensors: dict[str, Any], path: Path) -> None:
    save_file(tensors, path)
    path.chmod(0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _synced(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:  # noqa: PTH123
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(folder: Path) -> Shelved:
    about = json.loads((folder / _ABOUT).read_text())
    if about["schema"] != SCHEMA:
        raise ValueError(f"schema {about['schema']}, this program reads {SCHEMA}")
    tensors = load_file(folder / "basis.safetensors")
    modules = {
        name: Subspace(_single(tensors[f"{name}.up"]), _single(tensors[f"{name}.down"]))
        for name in about["modules"]
    }
    ranks = {name: one.rank for name, one in modules.items()}
    modes = {mode: _mode(load_file(folder / f"{mode}.mode.safetensors"), ranks) for mode in about["modes"]}
    return Shelved(Basis(modules, about["base"]), modes, about["notes"])


def _mode(tensors: Mapping[str, Any], ranks: Mapping[str, int]) -> Coefficients:
    cores = {}
    for key, tensor in tensors.items():
        name, _, suffix = key.rpartition(".")
        if suffix == "core":
            cores[name] = padded(Core(_single(tensor)), ranks[name])
        elif suffix == "left":
            cores[name] = padded(Core(_single(tensor), _single(tensors[f"{name}.right"])), ranks[name])
    return Coefficients(cores)


def _single(tensor: Any) -> Any:
    return tensor.astype(np.float32)
