"""Puts the coefficients that a turn needs into the engine: the operator's, or else those that are shipped.

It must not know how they were made; which a turn needs is its mode's business.
"""

from __future__ import annotations

import threading
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.contract import Engine, NotInstalled, Scales

if TYPE_CHECKING:  # NumPy stays out of the first frame
    from modes.share.library import Library, Shelved

#: The modes that come with the program, in versions as `modes.share.library` keeps them.
SHIPPED = Path(__file__).parents[2] / "modes" / "starter"


def held(folder: Path, shipped: Path = SHIPPED) -> Library:
    """The operator's own library, or what is shipped while that has nothing. Raises `LibraryError`."""
    from modes.share.library import Library

    own, ours = Library(folder), Library(shipped)
    return ours if own.current() is None and ours.current() is not None else own


class CoefficientsUnusable(NotInstalled):
    """Coefficients that a mode names and that cannot be had; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Worn:
    """What a turn speaks with: installed coefficients, and of which version (None: none are needed).

    ``absent`` are shipped coefficients that there are none of for this base, ``unverified`` those that nobody
    has checked (`tui modes verify`) nor asked for by name.
    """

    scales: Scales
    version: str | None = None
    absent: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """The subspace that turns speak from: contents of ``version`` in ``folder``, and what that is called."""

    name: str
    folder: Path
    version: str
    shelved: Shelved


class Wardrobe:
    """The coefficients of one subspace, put on when they are first needed. From any thread.

    ``folder`` has the operator's own; as long as it is empty, ``shipped`` takes its place where it is for the
    base that runs. ``asked`` are those that the operator has named, so that they are worn although nobody has
    checked them; more may come into it.
    """

    def __init__(self, folder: Path, shipped: Path = SHIPPED, asked: Set[str] = frozenset()) -> None:
        self._folder, self._shipped, self._asked = folder, shipped, asked
        self._lock = threading.Lock()
        self._version: str | None = None
        self._shelved: Shelved | None = None
        self._ready: set[str] = set()
        self._verified: set[str] = set()

    def prepare(self, engine: Engine, scales: Scales) -> Worn:
        """Install what ``scales`` names in ``engine`` unless it is there already.

        A version that was promoted meanwhile takes the place of the old one. Raises `CoefficientsUnusable`,
        and what `Engine.install` raises.
        """
        if not scales:
            return Worn(())
        with self._lock:
            found = self._current(engine)
            modes = found.modes if found else {}
            absent = tuple(name for name, _ in scales if name not in modes)
            for name in absent:
                self._check_shipped(name, ", ".join(modes) or "none")
            unverified = tuple(name for name in modes if name in dict(scales) and not self._trusted(name))
            worn = tuple((name, scale) for name, scale in scales if name in modes and name not in unverified)
            for name, _ in worn:
                if found and name not in self._ready:
                    engine.install(name, found.basis, found.modes[name])
                    self._ready.add(name)
            return Worn(worn, self._version if worn else None, absent, unverified)

    def held(self, engine: Engine) -> Held | None:
        """What there is for the base that runs. Raises `CoefficientsUnusable`."""
        with self._lock:
            found, name = self._current(engine), self._version
            if found is None or name is None:
                return None
            folder = self._shipped if name.startswith("shipped") else self._folder
            return Held(name, folder, name.split()[-1], found)

    def _current(self, engine: Engine) -> Shelved | None:
        from modes.share.library import Library, LibraryError

        own, shipped = Library(self._folder), Library(self._shipped)
        try:
            version = own.current()
            if version is None and (there := shipped.current()):
                version = f"shipped {there}"
            if self._shelved is None or version != self._version:
                self._shelved, self._version = None, None
                self._ready.clear()
                self._verified.clear()
                if version is not None:
                    library = shipped if version.startswith("shipped") else own
                    loaded = library.load(version.split()[-1])
                    if library is own or loaded.basis.base == engine.fingerprint():
                        self._shelved, self._version = loaded, version
        except LibraryError as error:
            raise CoefficientsUnusable(str(error)) from error
        return self._shelved

    def _trusted(self, name: str) -> bool:
        """Shipped, asked for, or on record as checked; the record may come while this program runs."""
        from modes.share.checking import verified
        from modes.share.library import Library

        if name in self._asked | self._verified or (self._version or "").startswith("shipped"):
            return True
        found = self._shelved
        records = Library(self._folder).notes().get("verified", {})
        if found is None or not verified(found.basis, found.modes[name], records.get(name)):
            return False
        self._verified.add(name)
        return True

    def _check_shipped(self, name: str, known: str) -> None:
        """Raises `CoefficientsUnusable` unless ``name`` is shipped, if for another base."""
        from modes.share.library import Library

        shipped = Library(self._shipped)
        if shipped.current() is None or name not in shipped.load().modes:
            raise CoefficientsUnusable(
                f"there are no coefficients called {name} in {self._folder} (there are: {known}): "
                f"bring them with tui modes import {name} PATH, or choose another mode"
            )
