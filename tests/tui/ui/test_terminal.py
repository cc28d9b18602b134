"""The screen in a real terminal that goes away."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tui.core.store import Store

PROGRAM = """
import sys
from pathlib import Path
from modes.catalog import Catalog
from tui.core.config import Config
from tui.core.session import Session
from tui.core.store import Store
from tui.ui.app import ChatApp

data = Path(sys.argv[1])
config, store = Config(threads=1, tune=False), Store.open(data / "c.sqlite3")
session = Session.begin(config, Catalog.load(None), store, data)
try:
    ChatApp(session).run()
finally:
    session.close()
"""

pytestmark = pytest.mark.terminal


class Terminal:
    """A program in a pseudo-terminal that can be hung up."""

    def __init__(self, data: Path) -> None:
        self.child, self.master = pty.fork()
        if self.child == 0:
            environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
            os.execve(sys.executable, [sys.executable, "-c", PROGRAM, str(data)], environ)
        self.seen = b""

    def until(self, text: bytes, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < end, self.seen[-2000:]
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536)

    def ended(self, seconds: float = 15) -> int:
        """The exit code, negative for a signal; what the program still writes is read meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            child, status = os.waitpid(self.child, os.WNOHANG)
            if child:
                return os.waitstatus_to_exitcode(status)
            with suppress(OSError):  # the terminal is closed, by us or by the program's end
                if select.select([self.master], [], [], 0.1)[0]:
                    os.read(self.master, 65536)
        os.kill(self.child, signal.SIGKILL)
        raise AssertionError("the program goes on without a terminal")


@pytest.mark.parametrize("how", ["closed", "terminated"])
def test_a_program_that_loses_its_terminal_in_mid_answer_ends_and_keeps_the_answer(
    tmp_path: Path, how: str
) -> None:
    terminal = Terminal(tmp_path)
    terminal.until(b"idle")
    os.write(terminal.master, b"Write a very long story about a lighthouse, with many chapters.\r")
    terminal.until(b"write ")
    if how == "closed":
        os.close(terminal.master)
        assert terminal.ended() == -signal.SIGHUP
    else:
        os.kill(terminal.child, signal.SIGTERM)
        assert terminal.ended() == 0
        os.close(terminal.master)
    store = Store.open(tmp_path / "c.sqlite3")
    latest = store.latest()
    assert latest is not None and latest.head is not None
    answer = store.path(latest.head)[-1]
    assert answer.status == "stopped" and answer.content
    store.close()
