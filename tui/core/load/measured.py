"""What a load run has measured so far, on disk after every turn, so that a run that was stopped goes on.

It must not know an engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tui.core.evaluation import folder
from tui.core.load.figures import Turn, turn
from tui.core.load.wave import Heard, heard


class Measured:
    """``turns``, and by their count the answers asked ``alone`` once more, in the folder ``place``."""

    def __init__(self, place: Path) -> None:
        there = folder.kept_times(place)
        self.place = place
        self.turns: list[Turn] = [turn(one) for one in there.get("turns", ())]
        self.alone: dict[str, list[Heard]] = {
            count: [heard(one) for one in answers] for count, answers in there.get("alone", {}).items()
        }

    def find(self, count: int, number: int) -> Turn | None:
        """That turn, if it was measured."""
        return next((one for one in self.turns if (one.count, one.number) == (count, number)), None)

    def add(self, one: Turn) -> None:
        """Keep a turn."""
        self.turns.append(one)
        self._keep()

    def add_alone(self, count: int, answers: Sequence[Heard]) -> None:
        """Keep what was answered one at a time."""
        self.alone[str(count)] = list(answers)
        self._keep()

    def _keep(self) -> None:
        alone = {count: [one.told() for one in answers] for count, answers in self.alone.items()}
        folder.keep_times(self.place, {"turns": [one.told() for one in self.turns], "alone": alone})
