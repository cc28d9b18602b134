"""What starting costs: ``tui --help`` beside an empty Python, the first frame beside a minimal app."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pexpect

from benchmarks.report import alternate, ratio, say, spread

TUI = str(Path(sys.executable).with_name("tui"))
ROUNDS = 9

_MINIMAL = """
from textual.app import App
from textual.widgets import Static, Input
class Minimal(App):
    def compose(self):
        yield Static("first-frame")
        yield Input()
Minimal().run()
"""


def whole(command: list[str]) -> float:
    """Milliseconds from start to exit."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def first_frame(command: list[str], environ: dict[str, str], mark: str) -> float:
    """Milliseconds until ``mark`` is on the screen of an 80x24 terminal."""
    began = time.perf_counter()
    child = pexpect.spawn(command[0], command[1:], env=environ, dimensions=(24, 80), timeout=60)
    child.expect_exact(mark)
    seconds = time.perf_counter() - began
    child.close(force=True)
    return seconds * 1000


def main() -> None:
    """Print the start-up table."""
    python = [sys.executable, "-c", "pass"]
    helps = alternate({"help": partial(whole, [TUI, "--help"]), "pass": partial(whole, python)}, ROUNDS)
    with TemporaryDirectory() as folder:
        environ = os.environ | {
            "TERM": "xterm-256color",
            "MODESHARE_DATA_DIR": f"{folder}/data",
            "MODESHARE_CONFIG_DIR": f"{folder}/config",
        }
        script = Path(folder) / "minimal.py"
        script.write_text(_MINIMAL)
        frames = alternate(
            {
                "tui": partial(first_frame, [TUI], environ, "SmolLM2"),
                "minimal": partial(first_frame, [sys.executable, str(script)], environ, "first-frame"),
            },
            ROUNDS,
        )
    say(f"Start, {ROUNDS} alternating rounds")
    say(f"  {'tui --help':<42} {spread(helps['help'], 'ms')}")
    say(f"  {'python -c pass':<42} {spread(helps['pass'], 'ms')}")
    say(f"  {'ratio (aim <= 6)':<42} {ratio(helps['help'], helps['pass'])}")
    say(f"  {'first frame of tui':<42} {spread(frames['tui'], 'ms')}")
    say(f"  {'first frame of a minimal Textual app':<42} {spread(frames['minimal'], 'ms')}")
    say(f"  {'ratio (aim <= 1.5)':<42} {ratio(frames['tui'], frames['minimal'])}")
