"""The subspace on disk: versions beside each other, and one of them current.

A version is written whole before the pointer moves to it, in one step; rolling back moves the pointer to the
version that it was made from. Tensors only (safetensors), so that nothing in a file can be executed. It must
not know how a subspace was made.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
_VERSION = re.compile("v[0-9]+")
_ABOUT = "subspace.json"
_DTYPES = {"f16": np.float16, "f32": np.float32}


class LibraryError(Exception):
    """A version that cannot be read or written; the text says which, why and what holds meanwhile."""


class Overtaken(LibraryError):
    """Another process has made a version since the one that was to be replaced was read."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """A basis with the modes in it. ``notes`` is any JSON kept beside: how it was made, its errors.

    ``version`` is the one of the operator's library that it was read from, if it was.
    """

    basis: Basis
    modes: Mapping[str, Coefficients]
    notes: Mapping[str, Any] = field(default_factory=dict)
    version: str | None = None


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
        found = (one.name for one in self._folder.iterdir() if _VERSION.fullmatch(one.name) and one.is_dir())
        return tuple(sorted(found, key=_number))

    def current(self) -> str | None:
        """The version that holds, or None when there is none. Raises `LibraryError` when it is gone."""
        name = self._pointed()
        if name is None or name in self.versions():
            return name
        other = self._before(name)
        remedy = f"tui modes rollback makes {other} current" if other else self._anew
        raise LibraryError(f"{self._folder}: {name} is current and is not there: {remedy}")

    def save(self, shelved: Shelved, dtype: str = "f16", after: Shelved | None = None) -> str:
        """Write a new version and make it current; its name. What was current stays until then.

        ``dtype`` f16 or f32 is how numbers are kept. ``after`` is what it was made from, as it was read.
        Raises `LibraryError`, and nothing has changed then; `Overtaken` when ``after`` is no longer current.
        """
        part = self._folder / f".{secrets.token_hex(8)}.part"
        try:
            part.mkdir(parents=True, mode=0o700)
            _write(part, shelved, dtype)
            with self._alone():
                return self._promoted(part, after)
        except (OSError, SafetensorError) as error:
            raise LibraryError(
                f"{self._folder}: the new version cannot be written ({_reason(error)}): "
                f"{self._pointed() or 'nothing'} stays current"
            ) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _promoted(self, part: Path, after: Shelved | None) -> str:
        """What lies in ``part`` as the next version, which is current then."""
        before = self._pointed()
        if after is not None and (before, self.notes()) != (after.version, _kept(after)):
            raise Overtaken(
                f"{self._folder}: {before or 'nothing'} is current, and what was to be changed is "
                f"{after.version or 'what is shipped'} as it was read: run the same command again"
            )
        name = f"v{max(map(_number, self.versions()), default=0) + 1}"
        about = json.loads((part / _ABOUT).read_text())
        _synced(part / _ABOUT, json.dumps({**about, "before": before}, indent=1).encode())
        part.rename(self._folder / name)
        try:
            self._point(name)
        except OSError:
            shutil.rmtree(self._folder / name, ignore_errors=True)
            raise
        return name

    def load(self, version: str | None = None) -> Shelved:
        """A version, by default the current one. Raises `LibraryError`."""
        name = version or self.current()
        if name is None or name not in self.versions():
            known = ", ".join(self.versions()) or "none"
            raise LibraryError(f"{self._folder}: no version {name or 'is current'} (there are: {known})")
        try:
            return replace(_read(self._folder / name), version=name)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError, LowRankError) as error:
            other = self._before(name)
            remedy = f"tui modes rollback goes back to {other}" if other else self._anew
            raise LibraryError(f"{self._folder / name} is damaged ({error}): {remedy}") from error

    def note(self, changed: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Put the notes that are ``changed`` from those of the current version in their place, in one step.

        Its numbers stay. Raises `LibraryError`.
        """
        name = self.current()
        if name is None:
            raise LibraryError(f"{self._folder}: no version is current")
        file = self._folder / name / _ABOUT
        part = self._folder / f".{secrets.token_hex(8)}.notes"
        try:
            with self._alone():
                about = json.loads(file.read_text())
                _synced(part, json.dumps(about | {"notes": changed(about["notes"])}, indent=1).encode())
                part.replace(file)
        except (OSError, ValueError, KeyError) as error:
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
            return self._about_of(self._pointed() or "")
        except LibraryError:
            return {}

    def _about_of(self, version: str) -> dict[str, Any]:
        """What is told of a version; nothing when that cannot be read."""
        try:
            found = json.loads((self._folder / version / _ABOUT).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def strangers(self) -> tuple[str, ...]:
        """Names of files in the current version that are neither tensors (safetensors) nor its JSON."""
        name = self.current()
        files = sorted((self._folder / name).iterdir()) if name else []
        return tuple(one.name for one in files if one.name != _ABOUT and one.suffix != ".safetensors")

    def rollback(self) -> str:
        """Make the version current that the current one was made from; its name. Raises `LibraryError`."""
        name = self._pointed()
        other = self._before(name) if name else None
        if other is None:
            raise LibraryError(f"{self._folder}: there is no version before {name or 'the first'}")
        try:
            with self._alone():
                self._point(other)
        except OSError as error:
            raise LibraryError(
                f"{self._folder}: {other} cannot be made current ({_reason(error)}): {name} stays"
            ) from error
        return other

    def _before(self, name: str) -> str | None:
        """What ``name`` was made from; where that is not known or gone, the newest of the older ones."""
        told, there = self._about_of(name).get("before"), self.versions()
        if told in there:
            return str(told)
        older = [one for one in there if _number(one) < _number(name)]
        return older[-1] if older else None

    def _pointed(self) -> str | None:
        """The version that the pointer names, be it there or not."""
        try:
            return (self._folder / _POINTER).read_text().strip()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise LibraryError(f"{self._folder / _POINTER} cannot be read ({_reason(error)})") from error

    @property
    def _anew(self) -> str:
        return f"there is none before it; move {self._folder} away to begin with what is shipped"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process changes what is current meanwhile."""
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

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
    return int(name[1:]) if _VERSION.fullmatch(name) else 0


def _reason(error: Exception) -> str:
    """Of an `OSError` what the system says, without the path."""
    return str(getattr(error, "strerror", None) or error)


def _kept(shelved: Shelved) -> dict[str, Any]:
    """Notes as they are read again: those of the operator's library alone."""
    return json.loads(json.dumps(dict(shelved.notes))) if shelved.version else {}


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
    with open(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:  # noqa: PTH123
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
