"""The queue that coding is learned from: rows of a file, or of the server that is named."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memory.contract import BadMemory, MemoryUnavailable
from memory.jobs import QUEUE, Job, job_from
from tui.core.config import Config


@dataclass(frozen=True, slots=True)
class Work:
    """``jobs`` None: the queue was not read, and ``why``; ``where`` it is from."""

    jobs: Iterable[Job] | None
    where: str = ""
    why: str = ""


def work_of(file: Path | None, config: Config) -> Work:
    """The rows of ``file``, else those of the server. Raises `BadMemory` for a file that cannot be read.

    A server that cannot be read leaves them unread, and says why.
    """
    if file is not None:
        return Work(list(read_rows(file)), str(file))
    from tui.core.remembering import server_of, server_shown

    server = server_of(config)
    if server is None:
        return Work(None, why="no server is named, and no file (--queue)")
    from memory.postgres.queue import queue_rows

    try:
        return Work([job_from(row) for row in queue_rows(server)], server_shown(config))
    except MemoryUnavailable as error:
        return Work(None, why=str(error))


def read_rows(file: Path) -> Iterator[Job]:
    """Jobs of a JSONL file, such as `psql` writes of `row_to_json`. Raises `BadMemory`."""
    try:
        lines = file.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        raise BadMemory(f"{file} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise BadMemory(f"{file}: not UTF-8 (byte {error.start}): save it as UTF-8") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield job_from(_row(line, f"{file}, line {number}"))


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise BadMemory(f"{where}: not JSON: a row of {QUEUE} a line is needed") from None
    if not isinstance(row, dict):
        raise BadMemory(f"{where}: not a JSON object: a row of {QUEUE} a line is needed")
    return row
