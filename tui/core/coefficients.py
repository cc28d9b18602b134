"""Puts the coefficients that a turn needs into the engine, from the operator's subspace on disk.

It must not know how they were made; which a turn needs is its mode's business.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.contract import Engine, NotInstalled

if TYPE_CHECKING:  # NumPy stays out of the first frame
    from modes.share.library import Shelved


class CoefficientsUnusable(NotInstalled):
    """Coefficients that a mode names and that cannot be had; the text says why and what to do."""


class Wardrobe:
    """The coefficients of one subspace, put on when they are first needed. From any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._version: str | None = None
        self._shelved: Shelved | None = None
        self._ready: set[str] = set()

    def prepare(self, engine: Engine, names: Iterable[str]) -> str | None:
        """Install ``names`` in ``engine`` unless they are, and name the version; None when there are none.

        A version that was promoted meanwhile takes the place of the old one. Raises `CoefficientsUnusable`,
        and what `Engine.install` raises.
        """
        wanted = list(names)
        if not wanted:
            return None
        with self._lock:
            shelved = self._current()
            for name in wanted:
                if name not in shelved.modes:
                    known = ", ".join(shelved.modes) or "none"
                    raise CoefficientsUnusable(
                        f"there are no coefficients called {name} in {self._folder} (there are: {known}): "
                        f"bring them with tui modes import {name} PATH, or choose another mode"
                    )
                if name not in self._ready:
                    engine.install(name, shelved.basis, shelved.modes[name])
                    self._ready.add(name)
            return self._version

    def _current(self) -> Shelved:
        from modes.share.library import Library, LibraryError

        library = Library(self._folder)
        try:
            version = library.current()
            if self._shelved is None or version != self._version:
                self._shelved, self._version = library.load(version), version
                self._ready.clear()
        except LibraryError as error:
            raise CoefficientsUnusable(str(error)) from error
        return self._shelved
