"""The one writer of stderr for headless programs: notices, and progress that erases itself."""

from __future__ import annotations

import sys


class Notices:
    """Says things beside the answer. Progress is shown on a terminal only."""

    def __init__(self) -> None:
        self._shown = ""

    def say(self, text: str) -> None:
        """A whole line that stays."""
        self.clear()
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def thinking(self, text: str) -> None:
        """Reasoning, as it comes."""
        self.clear()
        sys.stderr.write(text)
        sys.stderr.flush()

    def progress(self, text: str) -> None:
        """A line that the next one takes the place of."""
        if sys.stderr.isatty() and text != self._shown:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
            self._shown = text

    def clear(self) -> None:
        """Take progress off the screen."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = ""
