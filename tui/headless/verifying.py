"""``tui modes verify``: are coefficients for this base, finite, plausible in size, and tensors alone?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from modes.share.change import BadAdapter
from modes.share.checking import Spectrum, digest, refusals, spectra
from modes.share.exchange import BaseModel, read_adapter
from modes.share.exchange.meta import read_meta
from modes.share.library import Library, LibraryError, Shelved
from modes.share.norms import weight_norms
from modes.share.subspace import build
from modes.share.taking import opened
from tui.core.coefficients import SHIPPED, held
from tui.headless.coefficients import identified, unknown
from tui.headless.refusal import Refused
from tui.headless.report import write_json, write_line, write_rows

SCHEMA = 1


def verify_modes(name: str | None, model: Path, remembered: Path, folder: Path, as_json: bool) -> None:
    """Look at ``name`` or every mode, print what was found, and keep on record what is good.

    Without a subspace of one's own, at what is shipped.

    Raises `Refused`, `LibraryError`, `BadAdapter`.
    """
    library, identity = Library(folder), identified(model, remembered)
    try:
        looked_at = held(folder)
        if strangers := looked_at.strangers():
            raise Refused(f"{looked_at.folder}: files that are no tensors of ours: {', '.join(strangers)}")
        shelved = opened(library, identity, model.name, Library(SHIPPED))
        if not shelved.modes:
            raise LibraryError(f"{folder} has no coefficients for {model.name}")
    except LibraryError as error:
        raise Refused(str(error)) from error
    if name is not None and name not in shelved.modes:
        raise LibraryError(unknown(name, shelved, folder))
    names = [name] if name else list(shelved.modes)
    norms = weight_norms(model, {module for one in names for module in shelved.modes[one].cores})
    found = {one: spectra(shelved.basis, shelved.modes[one], norms) for one in names}
    why = {one: refusals(found[one]) for one in names}
    _tell(found, why, as_json, every=name is not None)
    if looked_at.folder == library.folder:  # what is shipped needs no record
        library.note(records(shelved, {one: not why[one] for one in names}))
    if bad := [f"{one} ({'; '.join(reasons)})" for one, reasons in why.items() if reasons]:
        raise Refused(f"refused: {', '.join(bad)}")


def verify_adapter(path: Path, model: Path, remembered: Path, as_json: bool) -> None:
    """Look at an adapter that is to be given to another program, and print what was found.

    Raises `Refused` for one that is not for ``model``, is not what was exported, or changes it too much.
    """
    identity = identified(model, remembered)
    try:
        meta = read_meta(path, identity) if path.is_dir() else None
        adapter = read_adapter(path, BaseModel.of(model))
    except BadAdapter as error:
        raise Refused(str(error)) from error
    name = str((meta or {}).get("mode", path.name))
    built = build({name: adapter}, identity, tolerance=0.0)
    found = spectra(built.basis, built.modes[name], weight_norms(model, adapter))
    reasons = refusals(found)
    _tell({name: found}, {name: reasons}, as_json, every=False)
    if reasons:
        raise Refused(f"refused: {name} ({'; '.join(reasons)})")
    if not as_json:
        write_line(_vouched(meta))


def _vouched(meta: Mapping[str, Any] | None) -> str:
    if meta is None:
        return "it does not say which base it was made for: its shapes fit this one"
    return f"made for this base; its {len(meta['files'])} files are those that were exported"


def check_trained(name: str, library: Library, shelved: Shelved, model: Path) -> list[str]:
    """Look at what was just trained here: verified, unless something speaks against it, which is returned."""
    coefficients = shelved.modes[name]
    try:
        norms = weight_norms(model, coefficients.cores)
        reasons = refusals(spectra(shelved.basis, coefficients, norms))
    except BadAdapter as error:  # weights whose size cannot be told
        reasons = [str(error)]
    library.note(records(shelved, {name: not reasons}))
    if not reasons:
        return []
    return [f"{name}: not verified, it loads only when asked for by name: {'; '.join(reasons)}"]


def recorded(shelved: Shelved, good: Mapping[str, bool]) -> dict[str, Any]:
    """The notes with the record of each mode looked at: those that are good are verified."""
    return records(shelved, good)(shelved.notes)


def records(shelved: Shelved, good: Mapping[str, bool]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """What puts the record of each mode looked at into notes, which may be others by now."""
    found = {
        one: {
            "digest": digest(shelved.basis, shelved.modes[one]),
            "base": shelved.basis.base,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        for one, well in good.items()
        if well
    }

    def noted(notes: Mapping[str, Any]) -> dict[str, Any]:
        others = {one: record for one, record in notes.get("verified", {}).items() if one not in good}
        return {**notes, "verified": {**others, **found}}

    return noted


def _tell(
    found: Mapping[str, list[Spectrum]], why: Mapping[str, list[str]], as_json: bool, every: bool
) -> None:
    """Of a single mode ``every`` module, of all modes those that stand out."""
    if as_json:
        modes = {
            one: {"verified": not why[one], "refusals": why[one], "modules": [asdict(each) for each in rows]}
            for one, rows in found.items()
        }
        write_json({"schema": SCHEMA, "modes": modes})
        return
    for one, rows in found.items():
        write_line(f"{one}: {'refused' if why[one] else 'verified'}{_summary(rows)}")
        head = ("module", "|dW|/|W|", "s1/s2", "effective rank", "")
        if shown := [each for each in sorted(rows, key=_place) if every or each.outlier]:
            write_rows([head, *(_row(each) for each in shown)])


def _summary(rows: list[Spectrum]) -> str:
    if not rows:
        return ""
    middle, most = median([one.relative for one in rows]), max(one.relative for one in rows)
    return f", {len(rows)} modules, relative change {middle:.4f} in the middle and {most:.4f} at most"


def _place(one: Spectrum) -> list[tuple[int, str]]:
    """Layers by number."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in one.module.split(".")]


def _row(one: Spectrum) -> tuple[str, ...]:
    return (
        one.module,
        f"{one.relative:.4f}",
        f"{one.gap:.2f}",
        f"{one.effective_rank:.1f}",
        "stands out" if one.outlier else "",
    )
