"""The operator's mode files over the built-in modes, each made into a mode or refused by itself.

This module must not know how modes are shown or spoken in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import NamedTuple

from modes import tables
from modes.fields import Unfit, checked
from modes.mode import Mode

_FIELDS = frozenset({*(field.name for field in fields(Mode)), "extends"} - {"name"})


class Problem(NamedTuple):
    """A mode file, or the directory of them, left out; ``text`` says why and what holds meanwhile."""

    file: Path
    text: str

    @property
    def why(self) -> str:
        """The text without what holds meanwhile."""
        return self.text.rpartition("; ")[0]


class RefusedError(ValueError):
    """A file that gives no mode; the message says why, without the file's name."""


def validate(name: str, table: Mapping[str, object]) -> Mode:
    """The mode that a file's whole table makes. Raises `RefusedError`."""
    if "name" in table:
        raise RefusedError("name: is taken from the file's name; remove this line")
    try:
        return Mode(**checked(Mode, {"name": name, **table}, _FIELDS))
    except Unfit as error:
        raise RefusedError(str(error)) from None


class Shelf:
    """The files of one directory, read once; a directory that is absent holds none.

    The modes ``held`` by their names stay as they are when their file is refused.
    """

    def __init__(self, builtin: Mapping[str, Mode], directory: Path, held: Collection[str] = ()) -> None:
        self._builtin, self._directory, self._held = builtin, directory, held
        self._settled: dict[str, Mode | RefusedError] = {}
        self._unlisted: str | None = None
        try:
            files = sorted(directory.iterdir()) if directory.exists() else []
        except OSError as error:
            files, self._unlisted = [], f"cannot be listed ({error.strerror}); no mode in it is known"
        # Hidden ones are litter of editors and file systems (._legal.toml).
        self._files = {file.stem: file for file in files if file.suffix == ".toml" and file.name[0] != "."}
        self._tables = {name: _read(file) for name, file in self._files.items()}

    def modes(self) -> dict[str, Mode]:
        """The operator's good modes, by name in alphabetical order."""
        return {name: mode for name in sorted(self._files) if isinstance(mode := self._settle(name), Mode)}

    def problems(self) -> tuple[Problem, ...]:
        """What could not be used, by file."""
        if self._unlisted is not None:
            return (Problem(self._directory, f"{tables.printable(str(self._directory))}: {self._unlisted}"),)
        settled = {name: self._settle(name) for name in sorted(self._files)}
        return tuple(self._problem(name, why) for name, why in settled.items() if not isinstance(why, Mode))

    def _problem(self, name: str, why: RefusedError) -> Problem:
        file = self._files[name]
        meanwhile = f"the built-in {name} stays" if name in self._builtin else "the mode is left out"
        if name in self._held:
            meanwhile = f"{name} stays as it was"
        return Problem(file, f"{tables.printable(str(file))}: {why}; {meanwhile} until this is corrected")

    def _settle(self, name: str) -> Mode | RefusedError:
        if name not in self._settled:
            try:
                self._settled[name] = self._make(name)
            except RefusedError as refusal:
                self._settled[name] = refusal
        return self._settled[name]

    def _make(self, name: str) -> Mode:
        table = self._tables[name]
        if isinstance(table, RefusedError):
            raise table
        if "extends" not in table:
            return validate(name, table)
        start = asdict(self._start(name, table["extends"]))
        del start["name"]
        return validate(name, tables.merge(start, {key: table[key] for key in table if key != "extends"}))

    def _start(self, name: str, extends: object) -> Mode:
        """The mode that the file ``name`` starts from: the operator's, or the built-in one below it."""
        if not isinstance(extends, str):
            raise RefusedError(f"extends: found {tables.shown(extends)}, expected a mode's name in quotes")
        self._check_circle(name)
        mode = self._settle(extends) if extends in self._files and extends != name else None
        if isinstance(mode, Mode):
            return mode
        if extends in self._builtin:
            return self._builtin[extends]
        if mode is not None:
            raise RefusedError(f"extends: {extends} is itself refused; correct {extends}.toml first")
        near = tables.nearest(extends, {*self._builtin, *self._files} - {name})
        raise RefusedError(f"extends: found {tables.shown(extends)}, expected another mode's name{near}")

    def _check_circle(self, name: str) -> None:
        chain = [name]
        while isinstance(table := self._tables.get(chain[-1]), dict):
            following = table.get("extends")
            if following == name and len(chain) > 1:
                circle = " → ".join([*chain, name])
                raise RefusedError(f"extends: a circle ({circle}); one of them has to stand by itself")
            if not isinstance(following, str) or following in chain:
                return
            chain.append(following)


def _read(file: Path) -> tables.Table | RefusedError:
    try:
        # A named pipe would keep the program waiting for ever.
        if not file.is_file():
            return RefusedError("is not a regular file; move it elsewhere")
        return tables.read(file.read_bytes())
    except OSError as error:
        return RefusedError(f"cannot be read ({error.strerror}); check its permissions")
    except tables.BadTableError as error:
        return RefusedError(str(error))
