"""The coefficients that are evaluated: of which version, since when each mode has been in it, and how large.

It reads versions that are no longer current. It must not know items or scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.contract import Engine
from engine.lowrank import Basis, Coefficients
from modes.share.compaction import as_learned, basis_bytes, core_bytes
from modes.share.library import Library, LibraryError
from modes.share.taking import ORIGINS
from modes.voice import Voice
from tui.core.coefficients import Held, Wardrobe

#: Where notes keep how a mode answered when it had just been learned: by mode, see docs/evaluation.md.
SCORES = "scores"


@dataclass(frozen=True, slots=True)
class Learned:
    """A mode as it was in ``version``, the one in which it had just been learned.

    ``differs``: others came after it, so that it may have been forgotten since.
    """

    version: str
    differs: bool
    basis: Basis
    coefficients: Coefficients


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The current version: what is ``held``, bytes of its basis and of each coefficients.

    By the text that names a mode: ``learned``, when it was, and ``scores``, what the notes keep of then.
    ``imported`` are the coefficients that were not made on this base.
    """

    held: Held | None = None
    basis: int = 0
    modes: Mapping[str, int] = field(default_factory=dict)
    learned: Mapping[str, Learned] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    imported: frozenset[str] = frozenset()

    @property
    def version(self) -> str | None:
        """What the current version is called."""
        return self.held.name if self.held else None


def evaluated(engine: Engine, wardrobe: Wardrobe | None, voices: Mapping[str, Voice]) -> Evaluated:
    """What there is for the base that runs. Raises `CoefficientsUnusable`."""
    held = wardrobe.held(engine) if wardrobe else None
    if held is None:
        return Evaluated()
    notes = held.shelved.notes
    singles = {spec: voice.scales[0][0] for spec, voice in voices.items() if len(voice.scales) == 1}
    found = {spec: _learned(held, name) for spec, name in singles.items() if name in held.shelved.modes}
    scores = notes.get(SCORES)
    return Evaluated(
        held,
        basis_bytes(held.shelved.basis),
        {name: core_bytes(one) for name, one in held.shelved.modes.items()},
        {spec: one for spec, one in found.items() if one is not None},
        {spec: scores[name] for spec, name in singles.items() if name in scores}
        if isinstance(scores, dict)
        else {},
        frozenset(notes.get("imported", ())),
    )


def _learned(held: Held, name: str) -> Learned | None:
    """The oldest of the versions, in a row up to the current one, in which the mode has the same origin.

    Where there is none, the current one without the directions that came after the mode. None where that is
    all of it and the notes do not say that it was learned last, for its modes were made together, or where it
    was compacted.
    """
    library = Library(held.folder)
    versions = library.versions()
    versions = versions[: versions.index(held.version) + 1]
    origin, found, others = _origin(held.shelved.notes, name), held.version, False
    shelved = held.shelved
    for version in reversed(versions[:-1]):
        try:
            older = library.load(version)
        except LibraryError:
            break  # a damaged old version says nothing
        if older.basis.base != held.shelved.basis.base:
            break
        if name not in older.modes or _origin(older.notes, name) != origin:
            others = bool(older.modes)
            break
        found, shelved = version, older
    if found == held.version:
        if others or name == _newest(held.shelved.notes):
            return Learned(found, False, shelved.basis, shelved.modes[name])
        if name in shelved.notes.get("compacted", {}):
            return None  # what it has lost by that is not in the directions that came later
        cut = as_learned(shelved.basis, shelved.modes[name])
        return Learned(found, True, *cut) if cut else None
    return Learned(found, True, shelved.basis, shelved.modes[name])


def _newest(notes: Mapping[str, Any]) -> str | None:
    """The mode that was trained last; None where one was imported, at a time that nobody has noted."""
    trained = notes.get("trained")
    if not isinstance(trained, dict) or notes.get("imported"):
        return None
    return str(next(reversed(trained), "")) or None


def _origin(notes: Mapping[str, Any], name: str) -> dict[str, Any]:
    kinds = {kind: notes.get(kind) for kind in ORIGINS}
    return {kind: one.get(name) for kind, one in kinds.items() if isinstance(one, dict)}
