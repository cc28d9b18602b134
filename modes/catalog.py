"""The modes there are: the built-in ones, and the operator's files over and beside them.

This module must not know which directory is the operator's, nor anything that uses a mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from modes import blend, tables
from modes.mode import Mode
from modes.shelf import Problem, Shelf, validate
from modes.voice import Voice

#: The built-in modes, in the order they are shown.
BUILTIN = ("base", "legal", "coding", "cherokee", "reasoning", "vision")


class UnknownMode(blend.VoiceError):
    """No mode has the name asked for; the message lists those there are."""

    def __init__(self, name: str, known: Mapping[str, Mode], note: str = "") -> None:
        self.name = name
        super().__init__(
            f"no mode is called {name!r}{tables.nearest(name, known)}: the modes are {', '.join(known)}{note}"
        )


@dataclass(frozen=True, slots=True)
class Catalog:
    """``modes`` by name: the built-in ones in their own order, then the operator's by name."""

    modes: Mapping[str, Mode]
    problems: tuple[Problem, ...] = ()

    @classmethod
    def load(cls, operator_dir: Path | None) -> Catalog:
        """The built-in modes, with the ``*.toml`` of ``operator_dir`` (which may be absent) over them.

        An operator's file that is wrong is left out and becomes a problem; nothing is raised for it.
        """
        builtin = {name: validate(name, _builtin_table(name)) for name in BUILTIN}
        if operator_dir is None:
            return cls(MappingProxyType(builtin))
        shelf = Shelf(builtin, operator_dir)
        return cls(MappingProxyType(builtin | shelf.modes()), shelf.problems())

    def voice(self, spec: str) -> Voice:
        """The mode or blend that ``spec`` names. Raises `UnknownMode`, `BadBlend`."""
        parts = blend.parse(spec)
        for name, _ in parts:
            if name not in self.modes:
                raise UnknownMode(name, self.modes, self._note(name))
        return Voice(tuple((self.modes[name], weight) for name, weight in parts))

    def _note(self, name: str) -> str:
        return "".join(f" ({problem.text})" for problem in self.problems if problem.file.stem == name)


def _builtin_table(name: str) -> tables.Table:
    return tables.read((resources.files("modes") / "builtin" / f"{name}.toml").read_bytes())
