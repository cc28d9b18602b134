"""The one writer of stderr for headless programs: notices, and progress that erases itself."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from tui.core.plain import clean

if TYPE_CHECKING:
    from engine.contract import Engine
    from tui.core.models import EngineLoader

_POLL = 0.1
_ERASE = "\r\x1b[K"
_STAGES = {
    "loading": "loading the model",
    "tuning": "first use of this model: trying how it runs fastest here",
}


class Notices:
    """Says things beside the answer. Progress is shown on a terminal only."""

    def __init__(self) -> None:
        self._shown = ""

    def say(self, text: str) -> None:
        """A whole line that stays."""
        self.clear()
        sys.stderr.write(f"{clean(text)}\n")
        sys.stderr.flush()

    def interject(self, text: str) -> None:
        """`say` for a signal handler, which may come while a line is being written."""
        # Around the buffer of stderr, which cannot be entered twice.
        erased, self._shown = _ERASE if self._shown else "", ""
        os.write(sys.stderr.fileno(), f"{erased}{clean(text)}\n".encode())

    def thinking(self, text: str) -> None:
        """Reasoning, as it comes."""
        self.clear()
        sys.stderr.write(clean(text))
        sys.stderr.flush()

    def progress(self, text: str) -> None:
        """A line that the next one takes the place of."""
        if sys.stderr.isatty() and text != self._shown:
            # What wraps cannot be taken off again.
            sys.stderr.write(f"{_ERASE}{clean(text)[: shutil.get_terminal_size().columns - 1]}")
            sys.stderr.flush()
            self._shown = text

    def wait(self, loader: EngineLoader) -> Engine:
        """The engine; tells how far loading has come. Raises what loading raised."""
        while True:
            try:
                engine = loader.wait(_POLL)
            except TimeoutError:
                self.progress(f"{_STAGES[loader.stage]} {loader.progress:4.0%}")
            else:
                self.clear()
                return engine

    def clear(self) -> None:
        """Take progress off the screen."""
        if self._shown:
            sys.stderr.write(_ERASE)
            sys.stderr.flush()
            self._shown = ""
