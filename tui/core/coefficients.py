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
    """The subspace that turns speak from: contents of ``version`` in ``folder``, ours if ``shipped``."""

    folder: Path
    version: str
    shipped: bool
    shelved: Shelved

    @property
    def name(self) -> str:
        """What the version is called where nobody sees the folder."""
        return f"shipped {self.version}" if self.shipped else self.version


class Wardrobe:
    """The coefficients of one subspace, put on when they are first needed. From any thread.

    ``folder`` has the operator's own; as long as it is empty, ``shipped`` takes its place where it is for the
    base that runs. ``asked`` are those that the operator has named, so that they are worn although nobody has
    checked them; more may come into it.
    """

    def __init__(self, folder: Path, shipped: Path = SHIPPED, asked: Set[str] = frozenset()) -> None:
        self._folder, self._shipped, self._asked = folder, shipped, asked
        self._lock = threading.Lock()
        #: The library and version that were looked at last; what there was for this base may be nothing.
        self._seen: tuple[Path, str | None] | None = None
        self._held: Held | None = None
        self._ready: set[str] = set()
        self._verified: set[str] = set()

    def prepare(self, engine: Engine, scales: Scales) -> Worn:
        """Install what ``scales`` names in ``engine`` unless it is there already.

        A version that was promoted meanwhile takes the place of the old one. Raises `CoefficientsUnusable`,
        and what `Engine.install` raises.
        """
        if not scales:
            return Worn(())
        if engine.info.prompt_only is not None:
            return Worn((), absent=tuple(name for name, _ in scales))
        with self._lock:
            there = self._current(engine)
            modes = there.shelved.modes if there else {}
            absent = tuple(name for name, _ in scales if name not in modes)
            for name in absent:
                self._check_shipped(name, ", ".join(modes) or "none")
            asked_for = [(name, scale) for name, scale in scales if name in modes]
            unverified = tuple(name for name, _ in asked_for if there and not self.trusts(there, name))
            worn = tuple((name, scale) for name, scale in asked_for if name not in unverified)
            for name, _ in worn:
                if there and name not in self._ready:
                    engine.install(name, there.shelved.basis, modes[name])
                    self._ready.add(name)
            return Worn(worn, there.name if there and worn else None, absent, unverified)

    def held(self, engine: Engine) -> Held | None:
        """What there is for the base that runs. Raises `CoefficientsUnusable`."""
        if engine.info.prompt_only is not None:
            return None
        with self._lock:
            return self._current(engine)

    def _current(self, engine: Engine) -> Held | None:
        """Reads a version once, whether or not it is for this base: every turn asks."""
        from modes.share.library import LibraryError

        try:
            library = held(self._folder, self._shipped)
            version = library.current()
            if self._seen == (library.folder, version):
                return self._held
            self._seen, self._held = None, None
            self._ready.clear()
            self._verified.clear()
            if version is not None:
                found = Held(library.folder, version, library.folder == self._shipped, library.load(version))
                if not found.shipped or found.shelved.basis.base == engine.fingerprint():
                    self._held = found
            self._seen = library.folder, version
        except LibraryError as error:
            raise CoefficientsUnusable(str(error)) from error
        return self._held

    def trusts(self, there: Held, name: str) -> bool:
        """Whether ``there`` has it, shipped, asked for, or on record as checked.

        The record may come while this program runs.
        """
        from modes.share.checking import verified
        from modes.share.library import Library

        if name not in there.shelved.modes:
            return False
        if there.shipped or name in self._asked | self._verified:
            return True
        records = Library(there.folder).notes().get("verified", {})
        if not verified(there.shelved.basis, there.shelved.modes[name], records.get(name)):
            return False
        self._verified.add(name)
        return True

    def _check_shipped(self, name: str, known: str) -> None:
        """Raises `CoefficientsUnusable` unless ``name`` is shipped, if for another base."""
        from modes.share.library import Library

        if name not in Library(self._shipped).names():
            raise CoefficientsUnusable(
                f"there are no coefficients called {name} in {self._folder} (there are: {known}): "
                f"bring them with tui modes import {name} PATH, or choose another mode"
            )
