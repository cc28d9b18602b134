"""How much of a prompt is read in one step: what cannot be broken off must not take long."""

from __future__ import annotations

from collections.abc import Sequence

from engine.mlx.rows import Event, Read

#: Seconds that reading a prompt may hold up those who write, and a word from outside when nobody does.
PIECE, PIECE_ALONE = 0.08, 0.25
_AT_FIRST, _AT_LEAST = 32, 8


class Pace:
    """Learns from every step how fast prompts are read."""

    def __init__(self) -> None:
        self._rate: float | None = None
        self._done: dict[int, int] = {}

    def piece(self, writing: int, reading: int, most: int) -> int:
        """Tokens that each of ``reading`` rows may read in one step, beside so many that write."""
        if self._rate is None:
            return min(_AT_FIRST, most)
        fair = int(self._rate * (PIECE if writing else PIECE_ALONE) / max(1, reading))
        return min(most, max(_AT_LEAST, fair))

    def measure(self, events: Sequence[Event], seconds: float) -> None:
        """What was read in a step of so many seconds; a step with little in it says nothing."""
        done = {event.row: event.count for event in events if isinstance(event, Read)}
        read = sum(count - self._done.get(row, 0) for row, count in done.items())
        self._done = done
        if read >= _AT_FIRST // 2:
            self._rate = read / seconds
