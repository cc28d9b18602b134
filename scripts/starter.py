"""Makes the coefficients that are shipped, in modes/starter: ``make starter``, an hour or two on two cores.

They are what the first run of the evidence learns, one domain after the other in one subspace
(evidence/cells.py), so that docs/results.md says what they are worth. Stopped, the same command goes on.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace

from evidence.book import Book
from evidence.cell import Cell
from evidence.cells import cells
from evidence.design import chain
from evidence.files import Site
from evidence.items import items_of
from modes.share.checking import refusals, spectra
from modes.share.compaction import total_bytes
from modes.share.library import Library, Shelved
from modes.share.norms import weight_norms
from tui.core.coefficients import SHIPPED
from tui.core.models import starter_model
from tui.headless.verifying import recorded

#: What is shipped may not be larger, in bytes.
MOST = 10_000_000


def main() -> None:
    """Learn what is not learned yet, then put it in the place of what was shipped."""
    model = starter_model()
    if model is None:
        sys.exit("the starter model is missing: make .venv/.test installs it")
    names = chain("share", 0)
    code = subprocess.run([sys.executable, "-m", "evidence", "train", names[-1]], check=False).returncode
    if code:
        sys.exit(code)
    ship(Book(cells(), Site(model)), names, Library(SHIPPED))


def ship(book: Book, names: list[str], shipped: Library) -> None:
    """Make what the last of the cells ``names`` holds the only version that is ``shipped``.

    Exits when it is too large, or one of its modes would not be verified.
    """
    learned = [book.cells[name] for name in names]
    made = book.library(learned[-1]).load()
    size = total_bytes(made.basis, made.modes)
    if size > MOST:
        sys.exit(f"{size:,} bytes are more than the {MOST:,} that may be shipped: take fewer directions")
    trained = {cell.domain: book.library(cell).load().notes["record"] for cell in learned}
    scores = {cell.domain: {"items": found} for cell in learned if (found := _answers(book, cell))}
    version = shipped.save(_verified(book, replace(made, notes={"trained": trained, "scores": scores})))
    for old in shipped.versions():
        if old != version:
            shutil.rmtree(shipped.folder / old)
    sys.stdout.write(f"{shipped.folder}: {version}, {', '.join(made.modes)}, {size / 1e6:,.2f} MB\n")


def _answers(book: Book, cell: Cell) -> dict[str, int]:
    """By item, whether the mode was right when it had just been learned; nothing while nobody has asked.

    Under its own prompt, as the program asks it: so the program can tell what was forgotten since.
    """
    asked = next((one for one in cell.asks if one.prompted and one.mode == cell.domain), None)
    result = book.result(cell.name)
    if asked is None or result is None:
        return {}
    found = next(one for one in result["asked"] if one["name"] == asked.name)
    return {item.id: int(mark) for item, mark in zip(items_of(asked), found["correct"], strict=True)}


def _verified(book: Book, made: Shelved) -> Shelved:
    norms = weight_norms(book.site.model, made.basis.modules)
    for name, one in made.modes.items():
        if reasons := refusals(spectra(made.basis, one, norms)):
            sys.exit(f"{name} is not shipped: {'; '.join(reasons)}")
    return replace(made, notes=recorded(made, dict.fromkeys(made.modes, True)))


if __name__ == "__main__":
    main()
