"""The files of what was stopped, one for each piece of work, and what is said of those that are there.

It must not know what computes: torch and MLX each read and write a file of their own kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modes.training.loop import State
from modes.training.whole import replace_whole

Say = Callable[[str], None]
"""Told before the first step whether training goes on, or why it begins anew."""


def silent(_text: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Place:
    """The ``folder`` of a mode's checkpoints, and who is told what becomes of those that are there."""

    folder: Path
    say: Say = silent

    def file(self, key: str, suffix: str) -> Path:
        """That of the work of this ``key``, so that it never overwrites any other."""
        return self.folder / f"checkpoint-{key[:12]}{suffix}"


class Kept(ABC):
    """A `modes.training.loop.Keeping` in the file at ``path``, whose work ``key`` tells from any other.

    The file may have had another name: whichever checkpoint beside it is of this work is gone on with.
    """

    #: What reading a damaged file may raise.
    damaged: tuple[type[Exception], ...]

    def __init__(self, path: Path, key: str, say: Say = silent) -> None:
        self._path, self._key, self._say = path, key, say

    @abstractmethod
    def _written(self, state: State, parameters: Any, optimiser: Any) -> bytes | memoryview:
        """All of it with the key, as a file has it."""

    @abstractmethod
    def _read(self, file: Path) -> tuple[str, State, Any]:
        """The key, the state, and what `_take` needs. Raises `damaged`."""

    @abstractmethod
    def _take(self, whole: Any, parameters: Any, optimiser: Any) -> None:
        """Put what was read in its place. Raises `damaged`, and then nothing has changed."""

    def save(self, state: State, parameters: Any, optimiser: Any) -> None:
        """See `modes.training.loop.Keeping`."""
        replace_whole(self._path, self._written(state, parameters, optimiser))

    def restore(self, parameters: Any, optimiser: Any) -> State | None:
        """See `modes.training.loop.Keeping`; what becomes of the checkpoints that are there is said."""
        others, broken = [], []
        for file in self._files():
            try:
                key, state, whole = self._read(file)
                if key == self._key:
                    self._take(whole, parameters, optimiser)
                    self._say(f"goes on from step {state.step:,} ({file})")
                    return state
                others.append(f"step {state.step:,} is kept in {file}")
            except self.damaged:
                broken.append(f"{file} is damaged or cannot be read")
        if others:
            another = "the data, the plan or the subspace is another than that of what was stopped"
            broken.append(f"{another} ({', '.join(others)})")
        if broken:
            self._say(f"begins anew: {'; '.join(broken)}")
        return None

    def _files(self) -> list[Path]:
        """The checkpoints that are there, this work's own first."""
        others = sorted(self._path.parent.glob(f"checkpoint*{self._path.suffix}"))
        return [one for one in dict.fromkeys((self._path, *others)) if one.exists()]
