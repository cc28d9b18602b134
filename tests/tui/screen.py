"""The real ``tui`` in a real terminal, as somebody sits before it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pexpect

from tests.tui.program import TUI, Program

#: Long enough for a machine that does much else.
PATIENCE = 60.0

#: What a failure shows of the terminal: an error's whole account, which may be some hundred lines.
_TOLD = 30_000

#: How an account of an error begins; it may have in it what a test waits for.
_TRACEBACK = b"Traceback "

_CODES = re.compile(rb"\x1b(\[[\d;?<>=$]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)")


class Screen:
    """What comes is read all the time, because a program that nobody reads stands still.

    ``seen`` is what came since it was last emptied.
    """

    def __init__(self, child: pexpect.spawn[bytes]) -> None:
        self.child = child
        self.seen = self._all = b""

    def until(self, condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Read on until ``condition`` holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self._told(f"no {what}")
            if not self._read():
                assert condition(), self._told(f"it ended without {what}")
        if _TRACEBACK in self._all:
            while time.monotonic() < end and self._read():
                pass
            raise AssertionError(self._told(f"it failed before {what}"))

    def shows(self, text: str) -> None:
        """Wait until ``text``, which stands on one line in one style, has been drawn."""
        self.until(lambda: text.encode() in self.seen, repr(text))

    def type(self, line: str) -> None:
        self.seen = b""
        self.child.send(line + "\r")

    def leave(self) -> int | None:
        """``/quit``, then the exit code."""
        self.type("/quit")
        end = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < end, self._told("it did not end")
        self._wait()
        assert _TRACEBACK not in self._all, self._told("it failed")
        return self.child.exitstatus

    def _read(self) -> bool:
        """Take what comes within a moment; False when nothing more will."""
        try:
            piece = self.child.read_nonblocking(65536, timeout=0.1)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.seen += piece
        self._all += piece
        return True

    def _wait(self, seconds: float = 5) -> None:
        """A terminal is let go of a little before its program is gone."""
        end = time.monotonic() + seconds
        while self.child.isalive() and time.monotonic() < end:
            time.sleep(0.02)

    def _told(self, what: str) -> str:
        """``what`` went wrong, how the program ended, and what was on the terminal last."""
        self._wait(1)
        child = self.child
        ending = "still runs" if child.isalive() else f"exit {child.exitstatus}, signal {child.signalstatus}"
        text = _CODES.sub(b"", self._all[-_TOLD:]).decode(errors="replace")
        return f"{what} ({ending}); since the last key: {self.seen[-300:]!r}; on the terminal:\n{text}"


@contextmanager
def opened(
    program: Program, *arguments: str, before: Sequence[str] = (), **variables: str
) -> Iterator[Screen]:
    """``tui`` at 100x40, started by the command ``before`` if there is one; killed in the end."""
    terminal = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    command = [*before, str(TUI), *arguments]
    child = pexpect.spawn(
        command[0],
        command[1:],
        env=program.environment(**terminal, **variables),
        dimensions=(40, 100),
        timeout=PATIENCE,
    )
    try:
        yield Screen(child)
    finally:
        child.close(force=True)
