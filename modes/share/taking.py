"""Taking an adapter into the library as a mode, wherever it was made; no other mode changes.

It must not know where adapters come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.lowrank import Basis
from modes.share.change import Adapter
from modes.share.library import Library, LibraryError, Shelved
from modes.share.subspace import grow, project

#: Where the notes of a version say how a mode came to be, by the mode's name; a mode has one origin.
ORIGINS = ("imported", "trained")


@dataclass(frozen=True, slots=True)
class Taken:
    """A mode in its new ``version``; ``error`` is the largest relative one of its modules, 0 to 1."""

    shelved: Shelved
    version: str
    modules: int
    error: float
    replaced: bool


def opened(library: Library, identity: str, model: str, shipped: Library | None = None) -> Shelved:
    """The current version; else what is ``shipped`` for the same base; else an empty one.

    ``identity`` is the fingerprint of the base called ``model``. Raises `LibraryError` when the library is
    for another base.
    """
    if library.current() is None:
        ours = shipped.load() if shipped and shipped.current() else None
        return ours if ours and ours.basis.base == identity else Shelved(Basis({}, identity), {})
    old = library.load()
    if old.basis.base != identity:
        raise LibraryError(
            f"{library.folder} is for base {old.basis.base[:12]}, and {model} is {identity[:12]}: "
            "name the model it is for (--model), or set MODESHARE_DATA_DIR to a directory for this one"
        )
    return old


def take(library: Library, old: Shelved, name: str, adapter: Adapter, origin: Mapping[str, Any]) -> Taken:
    """Save ``old`` with ``adapter`` as the mode ``name``, in a subspace grown by what it lacks of it.

    ``origin`` is a note by kind, one of `ORIGINS`. Raises `BadAdapter` for other shapes, `LibraryError`.
    """
    basis, modes = grow(old.basis, old.modes, adapter)
    found, errors = project(basis, adapter)
    shelved = Shelved(basis, {**modes, name: found}, _noted(old.notes, name, origin))
    version = library.save(shelved)
    return Taken(shelved, version, len(adapter), max(errors.values(), default=0.0), name in old.modes)


def without(shelved: Shelved, name: str) -> Shelved:
    """All but the mode ``name`` and what is noted of it; the directions stay, for others may use them."""
    rest = {mode: one for mode, one in shelved.modes.items() if mode != name}
    return Shelved(shelved.basis, rest, _without(shelved.notes, name))


def _noted(notes: Mapping[str, Any], name: str, origin: Mapping[str, Any]) -> dict[str, Any]:
    whole = _without(notes, name)
    for kind, note in origin.items():
        whole[kind] = {**whole.get(kind, {}), name: note}
    return whole


def _without(notes: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The notes of all other modes; what is noted of no mode at all is left out."""
    kept = {
        kind: {mode: one for mode, one in note.items() if mode != name} if isinstance(note, dict) else note
        for kind, note in notes.items()
    }
    return {kind: note for kind, note in kept.items() if note != {}}
