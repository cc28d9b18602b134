"""How far a run has come, on stderr: one line that is written anew on a terminal, and what stays.

It must not know how anything is measured.
"""

from __future__ import annotations

import sys
import time

from engine.contract import Engine
from tui.core.evaluation.events import Event, ItemDone, Noted, Planned, Reported, SpeedSample
from tui.core.models import EngineLoader

_POLL = 0.1


class Progress:
    """The one writer of stderr of a run."""

    def __init__(self) -> None:
        self._shown = False
        self._plan: Planned | None = None
        self._now = 0
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """A whole line that stays."""
        self.clear()
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the moving line off the terminal."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False

    def wait(self, loader: EngineLoader) -> Engine:
        """The engine; tells how far loading has come. Raises what loading raised."""
        while True:
            try:
                return loader.wait(_POLL)
            except TimeoutError:
                self._move(f"{loader.stage} the model {loader.progress:4.0%}")

    def show(self, event: Event) -> None:
        """Tell of one event."""
        match event:
            case Planned():
                self._begin(event)
            case Noted(text):
                self.say(text)
            case ItemDone():
                self._now = event.done
                self._move(f"{self._share(event)}  {event.cell.task}")
            case SpeedSample():
                where = f"{event.who} at {event.depth}"
                self._move(f"speed {event.done}/{event.total}  {where}: {event.rate:.1f} tok/s")
            case Reported(folder=folder):
                self.say(f"kept in {folder}")

    def kept(self) -> str:
        """What Ctrl-C leaves."""
        if self._plan is None or self._now == 0:
            return "interrupted before anything new was asked"
        return (
            f"interrupted: {self._now} of {self._plan.total} answers are kept in {self._plan.folder}; "
            "the same command goes on from there"
        )

    def _begin(self, event: Planned) -> None:
        self._plan, self._now, self._began = event, event.done, time.monotonic()
        for note in event.notes:
            self.say(note)
        if event.done:
            self.say(f"going on with {event.folder.name}: {event.done} of {event.total} answers are there")

    def _share(self, event: ItemDone) -> str:
        asked = event.done - (self._plan.done if self._plan else 0)
        left = (time.monotonic() - self._began) / max(1, asked) * (event.total - event.done)
        rest = f"{left / 60:.0f} min" if left > 90 else f"{left:.0f} s"
        return f"{event.done}/{event.total}, {rest} left"

    def _move(self, text: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{text[:78]}")
            sys.stderr.flush()
            self._shown = True
