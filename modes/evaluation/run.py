"""A run's folder: each outcome is kept as soon as it is there, so that a run that ended early can go on."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from modes.evaluation.score import Outcome

_OUTCOMES = "outcomes.jsonl"
#: Outcomes by task, then by the id of the item.
Tasks = dict[str, dict[str, Outcome]]


class OtherRun(ValueError):
    """The folder holds outcomes of a run that asked something else."""


class RunFolder:
    """Outcomes of one run, a line each. Raises `OtherRun`.

    ``identity`` (JSON) is all that the outcomes depend on: base, mode, salt, count and so on. A line that was
    torn when the process ended is dropped, and its item asked again.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._check(json.loads(json.dumps(identity)))
        self._done, whole = _read(folder)
        self._file = (folder / _OUTCOMES).open("r+b" if whole else "wb")
        self._file.truncate(whole)
        self._file.seek(whole)

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def outcomes(self, task: str) -> dict[str, Outcome]:
        """What is there already of a task, by the id of the item."""
        return dict(self._done.get(task, {}))

    def append(self, task: str, outcome: Outcome) -> None:
        """Keep one more; it is with the system when this returns."""
        line = json.dumps({"task": task, **asdict(outcome)}, ensure_ascii=True)
        self._file.write(f"{line}\n".encode())
        self._file.flush()
        self._done.setdefault(task, {})[outcome.item] = outcome

    def _check(self, identity: Any) -> None:
        path = self.folder / "run.json"
        if not path.exists():
            write_json(path, identity)
            return
        try:
            found = json.loads(path.read_text("utf-8"))
        except ValueError:
            found = None
        if found != identity:
            raise OtherRun(f"{self.folder} holds another run: name a new folder, or remove this one")


def read_outcomes(folder: Path) -> Tasks:
    """Outcomes of a run by task and item, up to a line that is torn. Nothing is written."""
    return _read(folder)[0]


def _read(folder: Path) -> tuple[Tasks, int]:
    """Outcomes, and how many bytes they take."""
    path, found, whole = folder / _OUTCOMES, Tasks(), 0
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else ():
        if not (line.endswith(b"\n") and _take(line, found)):
            break
        whole += len(line)
    return found, whole


def _take(line: bytes, found: Tasks) -> bool:
    try:
        fields = json.loads(line)
        task = fields.pop("task")
        lists = {name: tuple(fields[name]) for name in ("log_likelihoods", "tokens", "sizes")}
        outcome = Outcome(**{**fields, **lists})
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    found.setdefault(task, {})[outcome.item] = outcome
    return True


def write_json(path: Path, value: Any) -> None:
    """Replace a file by a value in one step."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Replace a file by a text in one step: it is the old one or the new one, whatever happens."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode(errors="replace"))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
