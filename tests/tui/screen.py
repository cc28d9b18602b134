"""The real ``tui`` in a real terminal, as somebody sits before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pexpect

from tests.tui.program import TUI, Program

#: Long enough for a machine that does much else.
PATIENCE = 60.0


class Screen:
    """What comes is read all the time, because a program that nobody reads stands still."""

    def __init__(self, child: pexpect.spawn[bytes]) -> None:
        self.child = child
        self.seen = b""

    def until(self, condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Read on until ``condition`` holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"no {what} in {self.seen[-3000:]!r}"
            try:
                self.seen += self.child.read_nonblocking(65536, timeout=0.1)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                assert condition(), f"it ended without {what}: {self.seen[-3000:]!r}"

    def shows(self, text: str) -> None:
        """Wait until ``text``, which stands on one line in one style, has been drawn."""
        self.until(lambda: text.encode() in self.seen, repr(text))

    def type(self, line: str) -> None:
        self.seen = b""
        self.child.send(line + "\r")

    def leave(self) -> int | None:
        """``/quit``, then the exit code."""
        self.type("/quit")
        self.child.expect(pexpect.EOF, timeout=PATIENCE)
        self.child.close()
        return self.child.exitstatus


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
