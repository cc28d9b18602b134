"""``tui modes import`` and its like: coefficients into the subspace, out of it, and back a version."""

from __future__ import annotations

import json
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from engine.contract import ModelUnusable
from engine.fingerprint import Fingerprint
from modes.mode import Mode
from modes.share.checking import verified
from modes.share.compaction import basis_bytes, core_bytes
from modes.share.exchange import BaseModel, read_adapter
from modes.share.exchange.meta import read_meta
from modes.share.library import Library, LibraryError, Shelved
from modes.share.taking import Taken, opened, owned, take, without
from tui.core.coefficients import SHIPPED, held
from tui.core.exporting import write_mode
from tui.core.notices import Notices
from tui.headless.report import write_line

if TYPE_CHECKING:
    from engine.remote.shelf import Form


def import_mode(name: str, path: Path, model: Path, remembered: Path, folder: Path) -> list[str]:
    """Take an adapter made elsewhere into the subspace of ``folder`` as the coefficients ``name``.

    The subspace grows by what it does not hold yet, so that every other mode stays what it was. Returns what
    there is to say, a line each: nothing is written before all is done, for whoever reads may be gone. Raises
    `BadAdapter`, `LibraryError`.
    """
    library, identity = Library(folder), identified(model, remembered)
    base = BaseModel.of(model)
    if path.is_dir():
        read_meta(path, identity)
    adapter = read_adapter(path, base)
    old = opened(library, identity, model.name, Library(SHIPPED))
    return taken_lines(name, folder, take(library, old, name, adapter, {"imported": str(path)}))


def export_mode(name: str, target: Path, form: Form, model: Path, remembered: Path, folder: Path) -> None:
    """Write the coefficients ``name`` as an adapter for another program, for the base that they are for.

    Raises as `import_mode`, and `ModelUnusable`.
    """
    shelved = held(folder).load()
    if name not in shelved.modes:
        raise LibraryError(unknown(name, shelved, folder))
    with _writing(target):
        if target.exists():
            raise LibraryError(f"{target} is there already and was left as it is: give another name")
    base, identity = shelved.basis.base, identified(model, remembered)
    if identity != base:
        raise LibraryError(
            f"{name} is for base {base[:12]}, and {model.name} is {identity[:12]}: "
            "name the model it is for (--model)"
        )
    coefficients = shelved.modes[name]
    about = {
        "mode": name,
        "verified": verified(shelved.basis, coefficients, shelved.notes.get("verified", {}).get(name)),
        "trained": shelved.notes.get("trained", {}).get(name),
        "modeshare": version("modeshare"),
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    with _writing(target):
        write_mode(form, target, shelved.basis, coefficients, model, about)
    write_line(f"{name}: written to {target}")


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LibraryError(
            f"{target} cannot be written ({error.strerror}): make room, or name a place where you may write"
        ) from error


def remove_mode(name: str, folder: Path) -> None:
    """Take the coefficients ``name`` out, in a new version. Raises `LibraryError`."""
    library, shelved = Library(folder), held(folder).load()
    if name not in shelved.modes:
        raise LibraryError(unknown(name, shelved, folder))
    if library.current() is None:
        shelved = owned(library, shelved)
    version = library.save(without(shelved, name), after=shelved)
    write_line(f"{name}: taken out in {version}; tui modes rollback brings it back")


def rollback(folder: Path) -> None:
    """Go back to the version before. Raises `LibraryError`."""
    write_line(f"{folder}: {Library(folder).rollback()} is current now")


def add_mode_file(name: str, origin: str, directory: Path, builtin: bool, mine: Mode | None) -> list[str]:
    """Give the operator's mode ``name`` its coefficients: a small new file, never a change of an old one.

    ``origin`` is a sentence that describes a mode which is new. Returns what there is to say, as
    `import_mode`; also that the file cannot be written, for the mode is there all the same.
    """
    file = directory / f"{name}.toml"
    line = f'coefficients = "{name}"'
    if mine is not None and mine.coefficients == name:
        return []
    described = [f'title = "{name.capitalize()}"', f"description = {_quoted(origin)}"]
    lines = [f'extends = "{name}"', line] if builtin else [*described, line]
    try:
        if file.exists():
            Notices().say(f"{file} is yours and was left as it is: add the line {line} to it")
            return []
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_whole(file, "\n".join(lines) + "\n")
    except OSError as error:
        return [
            f"{file} cannot be written ({error.strerror}): so that /mode {name} speaks with them, "
            f"make it by hand, a line each of {', '.join(lines)}"
        ]
    return [f"{file}: written, so that /mode {name} speaks with them"]


def _quoted(text: str) -> str:
    """A TOML string of one line; what is not printable in a path is shown as missing."""
    return json.dumps("".join(one if one.isprintable() else "\ufffd" for one in text), ensure_ascii=False)


def _write_whole(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError:
        with suppress(OSError):
            file.unlink()
        raise


def identified(model: Path, remembered: Path) -> str:
    """The fingerprint of ``model``, from the memory in ``remembered`` when it is in there.

    Raises `ModelUnusable` for what is no model.
    """
    name_one = "name a GGUF file, or a folder of MLX weights, with --model, MODESHARE_MODEL or config.toml"
    try:
        return Fingerprint(model, remembered, threading.Event()).get() or ""
    except FileNotFoundError as error:
        what = f"{model} has no config.json" if model.is_dir() else f"there is no model at {model}"
        raise ModelUnusable(f"{what}: {name_one}") from error
    except OSError as error:
        raise ModelUnusable(f"{model} cannot be read ({error.strerror}): {name_one}") from error
    except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise ModelUnusable(f"{model} cannot be read as a model ({error}): {name_one}") from error


def taken_lines(name: str, folder: Path, taken: Taken) -> list[str]:
    """What was taken in, and what the subspace and every mode in it takes now."""
    replaced = " in place of what had the name" if taken.replaced else ""
    basis = taken.shelved.basis
    ranks = [one.rank for one in basis.modules.values()]
    return [
        f"{name}: {taken.modules} modules taken into {folder} as {taken.version}{replaced}, "
        f"largest error {taken.error:.1e}",
        f"the subspace: {len(ranks)} modules of rank {min(ranks)} to {max(ranks)}, "
        f"{basis_bytes(basis) / 1e6:,.2f} MB for all modes",
        *(
            f"  {mode}: {core_bytes(one) / 1e6:,.3f} MB of its own"
            for mode, one in taken.shelved.modes.items()
        ),
    ]


def unknown(name: str, shelved: Shelved, folder: Path) -> str:
    """What to say of coefficients that are not there."""
    return f"{folder} has no coefficients called {name} (it has: {', '.join(shelved.modes) or 'none'})"
