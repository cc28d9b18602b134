"""What the project ships is what the first run learned: taken from there, it need not be learned again.

It must not know how anything is made; an earlier step is the last one without what was added later.
"""

from __future__ import annotations

from engine.lowrank import Basis, Coefficients, Core, Subspace
from evidence.book import Book
from evidence.cell import Cell
from evidence.design import chain
from modes.share.library import Library, Shelved


def shipped(book: Book, cell: Cell, library: Library) -> Shelved | None:
    """What ``cell`` made, if ``library`` holds it; else None.

    It does when the cell's file, and those of the steps before it, tell of the same training as the library.
    """
    steps = chain("share", 0)
    if cell.name not in steps or library.current() is None:
        return None
    until = [book.cells[name] for name in steps[: steps.index(cell.name) + 1]]
    trained, made = library.notes().get("trained", {}), {}
    for one in until:
        made = (book.result(one.name) or {}).get("made", {})
        if "record" not in made or made["record"] != trained.get(one.domain):
            return None
    whole = library.load()
    rank = sum(int(one.settings["directions"]) for one in until)
    basis = Basis({name: _first(one, rank) for name, one in whole.basis.modules.items()}, whole.basis.base)
    modes = {one.mode: _among(whole.modes[one.mode], rank) for one in until}
    return Shelved(basis, modes, made)


def _first(subspace: Subspace, rank: int) -> Subspace:
    return Subspace(subspace.up[:, :rank], subspace.down[:, :rank])


def _among(coefficients: Coefficients, rank: int) -> Coefficients:
    """A mode older than all directions but the first ``rank`` has nothing in those that are cut off."""
    return Coefficients({name: _cut(core, rank) for name, core in coefficients.cores.items()})


def _cut(core: Core, rank: int) -> Core:
    if core.right is None:
        return Core(core.left[:rank, :rank])
    return Core(core.left[:rank], core.right[:rank])
