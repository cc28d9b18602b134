"""``tui modes compact``: the subspace within a budget of bytes, kept only if no domain pays for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from modes.share.checking import verified
from modes.share.compaction import BudgetTooSmall, compact, total_bytes
from modes.share.library import Library, LibraryError, Shelved
from tui.headless.refusal import Refused
from tui.headless.report import write_line
from tui.headless.verifying import recorded

Gate = Callable[[Shelved, Shelved], str | None]
"""Whether what was (first) may become what is offered (second): None, or which domain lost how much."""


def compact_modes(budget: int, folder: Path, opened: Callable[[], Gate] | None = None) -> None:
    """Make the subspace fit ``budget`` bytes; a new version, unless it fits already.

    The gate is ``opened`` when there is something to ask it. One that objects makes the budget grow by halves
    of what is missing to the size of now; when it still objects near that, it is refused. What another
    process changed meanwhile stays, and nothing is compacted then. Raises `Refused`, `LibraryError`.
    """
    library = Library(folder)
    if not library.versions():
        raise LibraryError(
            f"{folder}: no modes of your own to compact: the first that tui modes train, grow or import "
            "brings in comes with those that ship"
        )
    old = library.load()
    before = total_bytes(old.basis, old.modes)
    if before <= budget:
        write_line(f"{folder}: {before:,} bytes are within {budget:,} already")
        return
    offered = _compacted(old, budget, folder)
    if opened is not None:
        offered = _passed(old, offered, budget, opened(), folder)
    version = library.save(offered, after=old)
    after = total_bytes(offered.basis, offered.modes)
    write_line(f"{folder}: {before:,} bytes before, {after:,} after, as {version}")
    if after > budget:
        write_line(f"that is above the {budget:,} asked for: with less a domain lost too much")
    for mode, note in offered.notes["compacted"].items():
        write_line(f"  {mode}: largest error {note['worst']:.3f} in {note['module']}")


def _passed(old: Shelved, offered: Shelved, budget: int, gate: Gate, folder: Path) -> Shelved:
    """What the gate lets through: ``offered``, or less of a compaction."""
    before, allowed = total_bytes(old.basis, old.modes), budget
    for left in (3, 2, 1, 0):
        objection = gate(old, offered)
        if objection is None:
            return offered
        if left:
            allowed = (allowed + before) // 2
            offered = _compacted(old, allowed, folder)
    raise Refused(f"{folder}: not compacted, {objection}: {Library(folder).current()} stays as it is")


def _compacted(old: Shelved, budget: int, folder: Path) -> Shelved:
    try:
        built = compact(old.basis, old.modes, budget)
    except BudgetTooSmall as error:
        raise Refused(f"{folder}: {error}") from error
    earlier = old.notes.get("compacted", {})
    notes = {}
    for mode, errors in built.errors.items():
        module = max(errors, key=lambda one: errors[one], default="")
        worst = errors.get(module, 0.0)
        # What was lost before is lost still: at most the sum of both.
        whole = worst + earlier.get(mode, {}).get("accumulated", 0.0)
        notes[mode] = {"worst": worst, "module": module, "accumulated": whole}
    known = old.notes.get("verified", {})
    held = {one: verified(old.basis, found, known.get(one)) for one, found in old.modes.items()}
    shelved = Shelved(built.basis, built.modes, {**old.notes, "compacted": notes})
    return replace(shelved, notes=recorded(shelved, held))
