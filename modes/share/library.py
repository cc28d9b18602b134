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
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from engine.lowrank import LowRankError
from modes.share.stored import ABOUT, Shelved, read, synced, write

__all__ = ["Library", "LibraryError", "Overtaken", "Shelved"]

_POINTER = "current"
_VERSION = re.compile("v[0-9]+")


class LibraryError(Exception):
    """A version that cannot be read or written; the text says which, why and what holds meanwhile."""


class Overtaken(LibraryError):
    """Another process has made a version since the one that was to be replaced was read."""


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
            write(part, shelved, dtype)
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
        about = json.loads((part / ABOUT).read_text())
        synced(part / ABOUT, json.dumps({**about, "before": before}, indent=1).encode())
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
            return replace(read(self._folder / name), version=name)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError, LowRankError) as error:
            other = self._before(name)
            remedy = f"tui modes rollback goes back to {other}" if other else self._anew
            raise LibraryError(f"{self._folder / name} is damaged ({error}): {remedy}") from error

    def note(self, changed: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Put the notes that are ``changed`` from those of the current version in their place, in one step.

        Its numbers stay. Raises `LibraryError`.
        """
        if self.current() is None:
            raise LibraryError(f"{self._folder}: no version is current")
        part = self._folder / f".{secrets.token_hex(8)}.notes"
        try:
            with self._alone():
                file = self._folder / (self.current() or "") / ABOUT
                about = json.loads(file.read_text())
                synced(part, json.dumps(about | {"notes": changed(about["notes"])}, indent=1).encode())
                part.replace(file)
        except (OSError, ValueError, KeyError) as error:
            raise LibraryError(
                f"{self._folder}: the notes cannot be written ({error}): they stay as they are"
            ) from error
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
            found = json.loads((self._folder / version / ABOUT).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def strangers(self) -> tuple[str, ...]:
        """Names of files in the current version that are neither tensors (safetensors) nor its JSON."""
        name = self.current()
        files = sorted((self._folder / name).iterdir()) if name else []
        return tuple(one.name for one in files if one.name != ABOUT and one.suffix != ".safetensors")

    def rollback(self) -> str:
        """Make the version current that the current one was made from; its name. Raises `LibraryError`."""
        if self._pointed() is None:
            raise LibraryError(f"{self._folder}: there is no version before the first")
        try:
            with self._alone():
                name = self._pointed() or ""
                other = self._before(name)
                if other is None:
                    raise LibraryError(f"{self._folder}: there is no version before {name}")
                self._point(other)
        except OSError as error:
            raise LibraryError(
                f"{self._folder}: the version before cannot be made current ({_reason(error)})"
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
