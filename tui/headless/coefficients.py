"""``tui modes import`` and its like: coefficients into the subspace, out of it, and back a version."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path

from engine.fingerprint import Fingerprint
from engine.lowrank import Basis, Coefficients
from modes.mode import Mode
from modes.share.change import Change
from modes.share.compaction import basis_bytes, core_bytes
from modes.share.exchange import FORMS, BaseModel, read_adapter
from modes.share.library import Library, LibraryError, Shelved
from modes.share.subspace import grow, project, reconstructed
from tui.headless.output import Notices
from tui.headless.report import write_line

#: Singular values below this share of the largest are rounding, and are left out of an exported adapter.
_NOISE = 1e-4


def import_mode(name: str, path: Path, model: Path, remembered: Path, folder: Path) -> None:
    """Take an adapter made elsewhere into the subspace of ``folder`` as the coefficients ``name``.

    The subspace grows by what it does not hold yet, so that every other mode stays what it was. Raises
    `BadAdapter`, `LibraryError`.
    """
    base = BaseModel.of(model)
    adapter = read_adapter(path, base)
    library, identity = Library(folder), _identified(model, remembered)
    old = library.load() if library.current() else Shelved(Basis({}, identity), {})
    _check_base(old, identity, model, folder)
    basis, modes = grow(old.basis, old.modes, adapter)
    found, errors = project(basis, adapter)
    notes = {**old.notes, "imported": {**old.notes.get("imported", {}), name: str(path)}}
    version = library.save(Shelved(basis, {**modes, name: found}, notes))
    replaced = " in place of what had the name" if name in old.modes else ""
    write_line(
        f"{name}: {len(adapter)} modules taken into {folder} as {version}{replaced}, "
        f"largest error {max(errors.values(), default=0.0):.1e}"
    )
    _tell(basis, {**modes, name: found})


def export_mode(name: str, target: Path, form: str, model: Path, folder: Path) -> None:
    """Write the coefficients ``name`` as an adapter for another program. Raises as `import_mode`."""
    shelved = Library(folder).load()
    if name not in shelved.modes:
        raise LibraryError(_unknown(name, shelved, folder))
    if target.exists():
        raise LibraryError(f"{target} is there already and was left as it is: give another name")
    changes = reconstructed(shelved.basis, shelved.modes[name])
    FORMS[form](target, {key: _lean(change) for key, change in changes.items()}, BaseModel.of(model))
    write_line(f"{name}: written to {target}")


def remove_mode(name: str, folder: Path) -> None:
    """Take the coefficients ``name`` out, in a new version. Raises `LibraryError`."""
    library = Library(folder)
    shelved = library.load()
    if name not in shelved.modes:
        raise LibraryError(_unknown(name, shelved, folder))
    rest = {mode: one for mode, one in shelved.modes.items() if mode != name}
    version = library.save(Shelved(shelved.basis, rest, shelved.notes))
    write_line(f"{name}: taken out in {version}; tui modes rollback brings it back")


def rollback(folder: Path) -> None:
    """Go back to the version before. Raises `LibraryError`."""
    write_line(f"{folder}: {Library(folder).rollback()} is current now")


def add_mode_file(name: str, path: Path, directory: Path, builtin: bool, mine: Mode | None) -> None:
    """Give the operator's mode ``name`` its coefficients: a small new file, never a change of an old one."""
    file = directory / f"{name}.toml"
    line = f'coefficients = "{name}"'
    if mine is not None and mine.coefficients == name:
        return
    if file.exists():
        Notices().say(f"{file} is yours and was left as it is: add the line {line} to it")
        return
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A JSON string is a TOML one, whatever stands in the path.
    described = f'title = "{name.capitalize()}"\ndescription = {json.dumps(f"Imported from {path.name}.")}'
    file.write_text(f'extends = "{name}"\n{line}\n' if builtin else f"{described}\n{line}\n")
    write_line(f"{file}: written, so that /mode {name} speaks with them")


def _identified(model: Path, remembered: Path) -> str:
    return Fingerprint(model, remembered, threading.Event()).get() or ""


def _check_base(old: Shelved, identity: str, model: Path, folder: Path) -> None:
    if old.basis.base != identity:
        raise LibraryError(
            f"{folder} is for base {old.basis.base[:12]}, and {model.name} is {identity[:12]}: "
            "name the model it is for (--model), or set MODESHARE_DATA_DIR to a directory for this one"
        )


def _tell(basis: Basis, modes: Mapping[str, Coefficients]) -> None:
    ranks = [one.rank for one in basis.modules.values()]
    write_line(
        f"the subspace: {len(ranks)} modules of rank {min(ranks)} to {max(ranks)}, "
        f"{basis_bytes(basis) / 1e6:,.2f} MB for all modes"
    )
    for name, one in modes.items():
        write_line(f"  {name}: {core_bytes(one) / 1e6:,.3f} MB of its own")


def _lean(change: Change) -> Change:
    values = change.singular_values()
    return change.truncated(max(1, int((values > values[0] * _NOISE).sum())) if len(values) else 1)


def _unknown(name: str, shelved: Shelved, folder: Path) -> str:
    return f"{folder} has no coefficients called {name} (it has: {', '.join(shelved.modes) or 'none'})"
