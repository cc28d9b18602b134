"""The modes there are: the built-in ones, and the operator's files over and beside them.

This module must not know which directory is the operator's, nor anything that uses a mode.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from modes import blend, tables
from modes.fields import checked
from modes.mode import Mode
from modes.stamp import Stamp, stamp
from modes.voice import Voice

if TYPE_CHECKING:
    from modes.shelf import Problem

#: The built-in modes, in the order they are shown.
BUILTIN = ("base", "legal", "coding", "cherokee", "reasoning", "vision")


class UnknownMode(blend.VoiceError):
    """No mode has the name asked for; the message lists those there are."""

    def __init__(self, name: str, known: Mapping[str, Mode], note: str = "") -> None:
        self.name = name
        super().__init__(
            f"no mode is called {name!r}{tables.nearest(name, known)}: the modes are {', '.join(known)}{note}"
        )


@dataclass(slots=True)
class Catalog:
    """``modes`` by name: the built-in ones in their own order, then the operator's by name.

    They change in `refresh` only. A mode itself never does: whoever speaks in one goes on as before.
    """

    modes: Mapping[str, Mode]
    problems: tuple[Problem, ...] = ()
    _directory: Path | None = field(default=None, compare=False)
    _seen: Stamp = field(default=None, compare=False)

    @classmethod
    def load(cls, operator_dir: Path | None, held: Collection[str] = ()) -> Catalog:
        """The built-in modes, with the ``*.toml`` of ``operator_dir`` (which may be absent) over them.

        An operator's file that is wrong is left out and becomes a problem, which says that the modes
        ``held`` stay as they were; nothing is raised for it.
        """
        builtin = {name: Mode(**checked(Mode, {"name": name, **builtin_table(name)})) for name in BUILTIN}
        if operator_dir is None:
            return cls(MappingProxyType(builtin))
        with suppress(OSError):  # what cannot be looked at is for the shelf to tell
            if not operator_dir.exists():
                return cls(MappingProxyType(builtin), (), operator_dir)
        from modes.shelf import Shelf  # only where an operator has modes

        seen = stamp(operator_dir)
        shelf = Shelf(builtin, operator_dir, held)
        return cls(MappingProxyType(builtin | shelf.modes()), shelf.problems(), operator_dir, seen)

    def refresh(self) -> tuple[Problem, ...]:
        """Read the operator's files again if any was changed, and return the problems that are new.

        A file that has become wrong leaves its mode as it was.
        """
        if self._directory is None or stamp(self._directory) == self._seen:
            return ()
        new = Catalog.load(self._directory, self.modes)
        kept = {
            problem.file.stem: self.modes[problem.file.stem]
            for problem in new.problems
            if problem.file.stem in self.modes
        }
        told = {problem.why for problem in self.problems}
        self.modes = MappingProxyType({**new.modes, **kept})
        self.problems, self._seen = new.problems, new._seen
        return tuple(problem for problem in new.problems if problem.why not in told)

    def voice(self, spec: str) -> Voice:
        """The mode or blend that ``spec`` names. Raises `UnknownMode`, `BadBlend`."""
        parts = blend.parse(spec)
        for name, _ in parts:
            if name not in self.modes:
                raise UnknownMode(name, self.modes, self._note(name))
        return Voice(tuple((self.modes[name], weight) for name, weight in parts))

    def _note(self, name: str) -> str:
        return "".join(f" ({problem.text})" for problem in self.problems if problem.file.stem == name)


def builtin_table(name: str) -> tables.Table:
    """What the file of the built-in mode ``name`` says."""
    return tables.read((Path(__file__).parent / "builtin" / f"{name}.toml").read_bytes())
