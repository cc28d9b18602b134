"""What a turn speaks in: one mode, or several blended.

This module must not know how the text was read, nor whether the coefficients are installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modes import blend

if TYPE_CHECKING:
    from engine.contract import Scales
    from modes.mode import Mode


@dataclass(frozen=True, slots=True)
class Voice:
    """Modes and their weights, in the order asked for; there is always at least one."""

    parts: tuple[tuple[Mode, float], ...]

    @property
    def lead(self) -> Mode:
        """The first mode: prompt, sampling and policies are its own, unblended."""
        return self.parts[0][0]

    @property
    def spec(self) -> str:
        """The canonical text, which gives the same voice again."""
        return blend.format((mode.name, weight) for mode, weight in self.parts)

    @property
    def version(self) -> str:
        """The modes' versions, joined by ``+``."""
        return "+".join(mode.version for mode, _ in self.parts)

    @property
    def scales(self) -> Scales:
        """The weight of each coefficients, by name; parts without coefficients add nothing."""
        total: dict[str, float] = {}
        for mode, weight in self.parts:
            if mode.coefficients is not None:
                total[mode.coefficients] = total.get(mode.coefficients, 0.0) + weight
        return tuple((name, scale) for name, scale in total.items() if scale)

    @property
    def untrained(self) -> tuple[str, ...]:
        """Names of the parts, other than base, that have no coefficients."""
        return tuple(
            mode.name for mode, _ in self.parts if mode.coefficients is None and mode.name != blend.BASE
        )
