"""The real ``tui`` as a person runs it: another process, its own folders, bytes in and bytes out."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.core.conversation import Node
from tui.core.store import Store

TUI = Path(sys.executable).with_name("tui")

_SETTINGS = ("MODESHARE_", "PYTHONUNBUFFERED")

#: Asked greedily of the starter model, this goes on for thousands of tokens.
ENDLESS = "Tell me a very long story about a fox and a river, with many chapters."


@dataclass(frozen=True)
class Outcome:
    """How a program ended."""

    code: int
    out: str
    err: str

    @property
    def traceback(self) -> bool:
        return "Traceback" in self.err or "Exception ignored" in self.err


@dataclass(frozen=True)
class Program:
    """``tui`` on a data folder and a configuration folder of its own."""

    data: Path
    config: Path
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        """The caller's without any setting of ours. One thread: another test may hold the second core.

        And without Python's: unbuffered, an output that cannot be written ends it another way.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        folders = {"MODESHARE_DATA_DIR": str(self.data), "MODESHARE_CONFIG_DIR": str(self.config)}
        return kept | folders | {"MODESHARE_THREADS": "1", "MODESHARE_TUNE": "false"} | self.variables | more

    def start(self, *arguments: str, **how: Any) -> subprocess.Popen[bytes]:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        given: dict[str, Any] = {"env": self.environment(), **pipes, **how}
        return subprocess.Popen([TUI, *arguments], **given)

    def run(self, *arguments: str, stdin: bytes = b"", **variables: str) -> Outcome:
        done = subprocess.run(
            [TUI, *arguments],
            input=stdin,
            env=self.environment(**variables),
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    def ask(self, *arguments: str, stdin: bytes = b"", **variables: str) -> Outcome:
        """A short greedy answer, unless the arguments say otherwise."""
        brief = ("--max-tokens", "6", "--temperature", "0")
        return self.run("ask", *brief, *arguments, stdin=stdin, **variables)

    def talks(self) -> list[list[Node]]:
        """Every conversation on disk, as its messages, the latest first."""
        file = self.data / "conversations.sqlite3"
        if not file.exists():
            return []
        with _opened(file) as store:
            return [store.path(talk.head) for talk in store.list() if talk.head]


@contextmanager
def _opened(file: Path) -> Iterator[Store]:
    store = Store.open(file)
    try:
        yield store
    finally:
        store.close()


def read_until(source: int, wanted: bytes, seconds: float = 30) -> bytes:
    """All that comes out of the file descriptor ``source`` up to ``wanted``; fails after ``seconds``."""
    seen, end = b"", time.monotonic() + seconds
    while wanted not in seen:
        assert time.monotonic() < end, f"no {wanted!r} in {seen!r}"
        piece = os.read(source, 4096)
        assert piece, f"it ended without {wanted!r}: {seen!r}"
        seen += piece
    return seen


def outcome(process: subprocess.Popen[bytes], seconds: float = 20) -> Outcome:
    """Wait for the end, ``seconds`` at most, then how it ended."""
    try:
        out, err = process.communicate(timeout=seconds)
    finally:
        process.kill()
        process.wait()
    return Outcome(process.returncode, (out or b"").decode(), (err or b"").decode())
