"""Taking an adapter into the library as a mode, wherever it was made; no other mode changes.

It must not know where adapters come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.lowrank import Basis
from modes.share.change import Adapter
from modes.share.library import Library, LibraryError, Overtaken, Shelved
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
        if ours and ours.basis.base == identity:
            return replace(ours, version=None)  # no version of the operator's
        return Shelved(Basis({}, identity), {})
    old = library.load()
    if old.basis.base != identity:
        raise LibraryError(
            f"{library.folder} is for base {old.basis.base[:12]}, and {model} is {identity[:12]}: "
            "name the model it is for (--model), or set MODESHARE_DATA_DIR to a directory for this one"
        )
    return old


def take(
    library: Library, old: Shelved, name: str, adapter: Adapter, origin: Mapping[str, Any], tries: int = 5
) -> Taken:
    """Save ``old``, as it was opened, with ``adapter`` as the mode ``name``.

    The subspace grows by what it lacks of it; what others brought in meanwhile stays, at the cost of one of
    the ``tries``. What is shipped becomes a version of its own, to go back to. ``origin`` is a note by kind,
    one of `ORIGINS`. Raises `BadAdapter` for other shapes, `LibraryError`.
    """
    if old.modes and old.version is None:
        old = owned(library, old)
    basis, modes = grow(old.basis, old.modes, adapter)
    found, errors = project(basis, adapter)
    shelved = Shelved(basis, {**modes, name: found}, _noted(old.notes, name, origin))
    try:
        version = library.save(shelved, after=old)
    except Overtaken:
        if not tries:
            raise
        return take(library, _again(library, old), name, adapter, origin, tries - 1)
    worst = max(errors.values(), default=0.0)
    return Taken(replace(shelved, version=version), version, len(adapter), worst, name in old.modes)


def owned(library: Library, shipped: Shelved) -> Shelved:
    """What is shipped as the operator's first version, to go back to; or what came first meanwhile."""
    try:
        library.save(shipped, after=replace(shipped, version=None))
    except Overtaken:
        return _again(library, shipped)
    return library.load()


def _again(library: Library, old: Shelved) -> Shelved:
    """What is current now, if it is for the base of ``old``."""
    return opened(library, old.basis.base, f"what {library.folder} was opened for")


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
