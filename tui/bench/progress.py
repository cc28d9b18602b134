"""How far a run has come, on stderr: one line that is written anew on a terminal, and what stays.

It must not know how anything is measured.
"""

from __future__ import annotations

import time

from tui.core.evaluation.events import Event, ItemDone, Noted, Planned, Reported, SpeedSample, StepDone
from tui.core.notices import Notices


class Progress:
    """Tells of a run in ``notices``; ``unit`` is what its steps are called."""

    def __init__(self, notices: Notices, unit: str = "answers") -> None:
        self._notices, self._unit = notices, unit
        self._plan: Planned | None = None
        self._now = 0
        self._began = time.monotonic()

    def show(self, event: Event) -> None:
        """Tell of one event."""
        match event:
            case Planned():
                self._begin(event)
            case Noted(text):
                self._notices.say(text)
            case ItemDone():
                self._now = event.done
                self._notices.progress(f"{self._share(event)}  {event.cell.task}")
            case StepDone():
                self._now = event.done
                self._notices.progress(f"{self._share(event)}  {event.text}")
            case SpeedSample():
                where = f"{event.who} at {event.depth}"
                self._notices.progress(f"speed {event.done}/{event.total}  {where}: {event.rate:.1f} tok/s")
            case Reported(folder=folder):
                self._notices.say(f"kept in {folder}")

    def kept(self) -> str:
        """What Ctrl-C leaves."""
        if self._plan is None or self._now == 0:
            return "interrupted before anything new was asked"
        return (
            f"interrupted: {self._now} of {self._plan.total} {self._unit} are kept in {self._plan.folder}; "
            "the same command goes on from there"
        )

    def _begin(self, event: Planned) -> None:
        self._plan, self._now, self._began = event, event.done, time.monotonic()
        for note in event.notes:
            self._notices.say(note)
        if event.done:
            self._notices.say(
                f"going on with {event.folder.name}: {event.done} of {event.total} {self._unit} are there"
            )

    def _share(self, event: ItemDone | StepDone) -> str:
        asked = event.done - (self._plan.done if self._plan else 0)
        left = (time.monotonic() - self._began) / max(1, asked) * (event.total - event.done)
        rest = f"{left / 60:.0f} min" if left > 90 else f"{left:.0f} s"
        return f"{event.done}/{event.total}, {rest} left"
