"""Keeps Python's full garbage collections out of the time in which an answer is written.

One takes about a tenth of a second with a transcript on the screen, and every widget mounted brings the next
one nearer: it was the longest that a key press had to wait.
"""

from __future__ import annotations

import gc

_NEVER = 1_000_000_000

#: Objects made before a short collection, and short ones before a middle one. Python's own 700 are a part of
#: one redrawing: what lives for a tenth of a second would be kept until the next full collection.
_YOUNG, _MIDDLE = 20_000, 10


class Collector:
    """Full collections happen when asked for; the frequent short ones go on as ever."""

    def __init__(self) -> None:
        self._before: tuple[int, int, int] | None = None

    def begin(self) -> None:
        """The program is set up: what is there now stays, and need not be looked at again."""
        self._before = gc.get_threshold()
        gc.freeze()
        gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
        gc.enable()

    def collect(self) -> None:
        """Nobody is waiting now."""
        if self._before is not None:
            gc.collect()

    def end(self) -> None:
        """Leave everything as it was."""
        if self._before is not None:
            gc.set_threshold(*self._before)
            gc.unfreeze()
            self._before = None
