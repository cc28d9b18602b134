"""Where a report goes: tables on stdout, JSON to a file or in their place. It knows no measurement."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from modes.evaluation.run import write_text
from tui.core.evaluation.endings import BadTarget

STDOUT = "-"
Report = Mapping[str, Any]


def tell(report: Report, target: str | None, write: Callable[[Report], None]) -> None:
    """``write`` the tables unless JSON takes their place; write that to ``target``, if there is one.

    Raises `BadTarget`.
    """
    if target != STDOUT:
        write(report)
    if target is not None:
        _write(target, json.dumps(report, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def check_target(target: str | None) -> None:
    """Raises `BadTarget` now and not after an hour."""
    if target is None or target == STDOUT or _is_stdout(Path(target)):
        return
    path = Path(target)
    if path.is_dir():
        raise BadTarget(f"{target} is a directory: name a file to write the JSON to")
    if _is_stream(path):
        if not os.access(path, os.W_OK):
            raise BadTarget(f"{target} cannot be written: name a file to write the JSON to")
        return
    folder = path.resolve().parent
    if not folder.is_dir():
        raise BadTarget(f"{folder} is not there: make it first, or name another file")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadTarget(f"{folder} cannot be written ({error.strerror}): name a file elsewhere") from error


def _write(target: str, text: str) -> None:
    path = Path(target)
    try:
        if target == STDOUT or _is_stdout(path):
            sys.stdout.write(text)
        elif _is_stream(path):
            with os.fdopen(os.open(path, os.O_WRONLY), "wb") as file:
                file.write(text.encode(errors="replace"))
        else:
            write_text(path.resolve(), text)
    except OSError as error:
        if target == STDOUT:
            raise
        raise BadTarget(
            f"{target} cannot be written ({error.strerror}): the run's folder has the report (report.json)"
        ) from error


def _is_stream(path: Path) -> bool:
    """What is there is no file but a pipe or a terminal: it is written into, never replaced."""
    return path.exists() and not path.is_file()


def _is_stdout(path: Path) -> bool:
    """Another name of standard output, where what was written before must not be lost."""
    try:
        return os.path.samestat(path.stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):
        return False
