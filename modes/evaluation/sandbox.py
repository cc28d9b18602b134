"""Tests of a program that a model wrote, run in a process of its own that is limited and always ends.

Limited are processor seconds, address space, size of a file, core dumps and (except for root) new processes.
The working directory and HOME are a temporary folder, the environment is empty, there is no input, and output
is cut. Where the system lets anybody make namespaces (``unshare``) the program has no network, and nothing it
started outlives it; elsewhere only Python's own calls for sockets, processes and files outside of the folder
are refused (`modes.evaluation.confined`), which stops mistakes and not malice.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: ``memory``: it wanted more than it may have. ``failed``: anything else that is not passing.
Ending = Literal["passed", "failed", "timeout", "memory"]

_RUNNER = Path(__file__).with_name("confined.py")
_NAMESPACES = ("--user", "--map-current-user", "--net", "--pid", "--fork", "--kill-child")
_SHOWN = 2000
_ENDINGS: dict[str, Ending] = {"passed": "passed", "failed": "failed", "memory": "memory"}


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` by the clock and of the processor, the others bytes."""

    seconds: float = 10.0
    memory: int = 1 << 30
    file_size: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended; ``output`` is the end of what it wrote, a traceback among it."""

    ending: Ending
    output: str
    seconds: float

    @property
    def passed(self) -> bool:
        return self.ending == "passed"


def run_tests(program: str, tests: str, limits: Limits = Limits()) -> Verdict:
    """Execute ``program`` and then ``tests`` in the same names: passed when neither raises nor exits."""
    with tempfile.TemporaryDirectory(prefix="modeshare-", ignore_cleanup_errors=True) as name:
        folder, token = Path(name).resolve(), secrets.token_hex(8)
        home = folder / "home"
        home.mkdir()
        # A program that is no text must fail there, not here.
        (folder / "program.py").write_text(program, "utf-8", errors="backslashreplace")
        (folder / "tests.py").write_text(tests, "utf-8", errors="backslashreplace")
        numbers = (math.ceil(limits.seconds), limits.memory, limits.file_size)
        command = [sys.executable, "-I", "-B", str(_RUNNER), str(folder), token, *map(str, numbers)]
        began = time.perf_counter()
        in_time = _run([*_prefix(), *command], home, folder / "output", limits.seconds)
        seconds = time.perf_counter() - began
        output = (folder / "output").read_bytes()[-_SHOWN:].decode(errors="replace")
        return Verdict(_ending(folder / "verdict", token, in_time), output, seconds)


def _run(command: list[str], home: Path, output: Path, seconds: float) -> bool:
    """False when it had to be stopped, by the clock or for its processor time."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=home,
            env={"HOME": str(home), "PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    # unshare ends with 128 + the number of the signal that ended its child.
    stopped = {-signal.SIGXCPU, -signal.SIGKILL, 128 + signal.SIGXCPU, 128 + signal.SIGKILL}
    return code not in stopped


def _ending(verdict: Path, token: str, in_time: bool) -> Ending:
    if not in_time:
        return "timeout"
    try:
        said, how = verdict.read_text("utf-8").split(" ")
    except (OSError, ValueError):
        return "failed"
    return _ENDINGS.get(how, "failed") if said == token else "failed"


@functools.cache
def _prefix() -> tuple[str, ...]:
    """What puts a command into namespaces of its own; nothing where that is not allowed."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    prefix = (unshare, *_NAMESPACES)
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        if subprocess.run([*prefix, "true"], capture_output=True, timeout=5, check=False).returncode == 0:
            return prefix
    return ()
