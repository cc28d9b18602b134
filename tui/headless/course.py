"""The course of a training on stderr, and how the operator stops it: after the step under way."""

from __future__ import annotations

import signal
import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from tui.core.notices import Notices

if TYPE_CHECKING:
    from modes.training.loop import Standing

#: Where nobody watches, a line every so many steps.
_EVERY = 25
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Course:
    """Tells of steps and, while it is entered, takes SIGINT and SIGTERM for a wish to stop.

    Before the first step there is nothing to keep, so that a signal ends it at once; so does a second one.
    """

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._stopping = self._stepping = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Course:
        self._before = {one: signal.signal(one, self._stop) for one in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)
        self._notices.clear()

    def report(self, standing: Standing) -> bool:
        """Show where it stands; False when it has to stop."""
        self._stepping = True
        line = _line(standing)
        if sys.stderr.isatty():
            self._notices.progress(line)
        elif standing.step % _EVERY == 0 or standing.step in (1, standing.steps):
            self._notices.say(line)
        return not self._stopping

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._stopping or not self._stepping:
            raise KeyboardInterrupt
        self._stopping = True
        self._notices.interject("stopping after this step (once more: at once, back to the last checkpoint)")


def _line(standing: Standing) -> str:
    validation = "" if standing.validation is None else f", validation {standing.validation:.3f}"
    return (
        f"step {standing.step:,}/{standing.steps:,}  loss {standing.loss:.3f}{validation}  "
        f"{_duration(standing.remaining)} left at most"
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
