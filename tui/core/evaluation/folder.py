"""Where runs are kept: a folder each, with its outcomes, timings and report; the latest first.

This module must not know what is asked. Outcomes are private: they stay readable by the user alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modes.evaluation.run import RunFolder, write_json
from tui.core.paths import ensure_private_dir, ensure_private_file

REPORT, _RUN, _TIMES, _LOCK = "report.json", "run.json", "times.json", "lock"
#: What of an identity is drawn anew by every run, so that a run that goes on has to keep it.
DRAWN = "fresh_salt"


@dataclass(frozen=True, slots=True)
class Past:
    """A run of which something is there; ``report`` None where it did not come to its end."""

    folder: Path
    identity: Mapping[str, Any]
    report: Mapping[str, Any] | None

    @property
    def id(self) -> str:
        return self.folder.name


def evaluations_dir(data: Path) -> Path:
    """Where the runs are. Nothing is made on disk."""
    return data / "evaluations"


def past(runs: Path) -> Iterator[Past]:
    """Every run that can be read, the latest first."""
    folders = sorted((one for one in runs.iterdir() if one.is_dir()), reverse=True) if runs.is_dir() else []
    for folder in folders:
        identity = read(folder / _RUN)
        if identity is not None:
            yield Past(folder, identity, read(folder / REPORT))


def unfinished(runs: Path, identity: Mapping[str, Any]) -> Past | None:
    """The latest run that asks the same, was not finished, and that nobody goes on with now."""
    wanted = _asked(identity)
    for one in past(runs):
        if one.report is None and _asked(one.identity) == wanted and not _held(one.folder):
            return one
    return None


def new_folder(runs: Path, name: str) -> Path:
    """A folder that is not there yet, named by the time so that they sort."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return runs / f"{stamp}-{name}-{secrets.token_hex(2)}"


@contextmanager
def opened(folder: Path, identity: Mapping[str, Any]) -> Iterator[RunFolder]:
    """The folder for one program alone, made where it is not there. Raises `OtherRun`, `PathUnusable`."""
    ensure_private_dir(folder.parent)
    ensure_private_dir(folder)
    with ensure_private_file(folder / _LOCK).open("r+b") as lock:
        with contextlib.suppress(OSError):  # a file system without locks: nothing is lost but the warning
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with RunFolder(folder, identity) as run:
            yield run


def read(path: Path) -> dict[str, Any] | None:
    """A JSON object, None where there is none."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def keep_times(folder: Path, times: Mapping[str, Any]) -> None:
    """Keep what was timed, so that a run that goes on need not time it again."""
    write_json(folder / _TIMES, times)


def kept_times(folder: Path) -> dict[str, Any]:
    """What `keep_times` kept."""
    return read(folder / _TIMES) or {}


def _asked(identity: Mapping[str, Any]) -> Any:
    return {name: value for name, value in json.loads(json.dumps(identity)).items() if name != DRAWN}


def _held(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
