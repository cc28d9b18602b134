"""An import: files found, read and put into a store a batch at a time, so that it can stop and go on.

Every batch is saved with a mark that says how far its file is in. A second run skips what the marks say is
in, and what comes twice all the same is known by its hash.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from memory.contract import BadMemory
from memory.draft import Draft
from memory.importing import jsonl, markdown, text
from memory.sqlite.writing import Counts

#: A batch has so many memories or characters, at most: others who write wait for it.
_MEMORIES, _CHARACTERS = 500, 500_000

_JSONL, _MARKDOWN, _PLAIN = {".jsonl", ".ndjson"}, {".md", ".markdown"}, {".txt", ".text"}
_ALL = "all"


class Keeper(Protocol):
    """What an import needs of a store."""

    def add_all(self, drafts: list[Draft], mark: tuple[str, str] | None = None) -> Counts:
        """Remember all with the mark, or none."""

    def mark(self, name: str) -> str | None:
        """What is saved under ``name``."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: ``done`` of ``files``, now in ``file`` with ``read`` of its ``size`` bytes."""

    file: Path
    done: int
    files: int
    read: int
    size: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it. ``skipped``: files that were in already and have not changed since.

    ``refused``: why files of a folder could not be read, a line each. ``stopped``: before the end.
    """

    counts: Counts = field(default_factory=Counts)
    files: int = 0
    skipped: int = 0
    refused: tuple[str, ...] = ()
    stopped: bool = False


class _Stopped(Exception):
    """Whoever watches wants no more."""


def import_path(
    store: Keeper,
    path: Path,
    like: Draft | None = None,
    progress: Callable[[Progress], bool] | None = None,
    *,
    renew: bool = True,
) -> Imported:
    """Remember the file ``path``, or all files of known kinds in that folder and below.

    ``like`` has what holds for all: temperature, domain, tags, ... ``progress`` is called after every batch;
    False ends the import with what is in. In a folder a file that cannot be read is told and passed over.
    With ``renew`` what a text or Markdown file said before, and no longer says, is superseded.
    Raises `BadMemory` for a file by itself, `MemoryUnavailable`.
    """
    refused: list[str] = []
    files = _files(path.absolute(), refused)
    counts, skipped = Counts(), 0
    for done, file in enumerate(files):

        def tell(read: int, size: int, more: Counts, file: Path = file, done: int = done) -> None:
            nonlocal counts
            counts += more
            if progress and not progress(Progress(file, done, len(files), read, size, counts)):
                raise _Stopped

        try:
            skipped += not _import_file(store, file, like or Draft(""), renew, tell)
        except BadMemory as error:
            if path.is_file():
                raise
            refused.append(str(error))
        except _Stopped:
            return Imported(counts, done, skipped, tuple(refused), stopped=True)
    return Imported(counts, len(files), skipped, tuple(refused))


def _files(path: Path, refused: list[str]) -> list[Path]:
    """``path``, or what is in that folder; ``refused`` is told what there cannot be looked at."""
    try:
        if path.is_file():
            return [path]
        if not path.is_dir():
            raise BadMemory(f"{path}: no such file or folder: name one that is there")
    except OSError as error:
        raise BadMemory(_closed(path, error)) from error
    if files := sorted(_below(path, refused)):
        return files
    ends = ", ".join(sorted(_JSONL | _MARKDOWN | _PLAIN))
    raise BadMemory(refused[0] if refused else f"{path}: no file in it ends in {ends}")


def _below(path: Path, refused: list[str]) -> Iterator[Path]:
    def closed(error: OSError) -> None:
        refused.append(_closed(error.filename, error))

    for folder, below, names in os.walk(path, onerror=closed):
        below[:] = [name for name in below if not name.startswith(".")]
        for file in (Path(folder, name) for name in names if not name.startswith(".")):
            try:
                if file.suffix.lower() in _JSONL | _MARKDOWN | _PLAIN and file.is_file():
                    yield file
            except OSError as error:
                closed(error)


def _closed(path: Path | str, error: OSError) -> str:
    return f"{path}: {(error.strerror or str(error)).lower()}: make it readable"


def _import_file(
    store: Keeper, file: Path, like: Draft, renew: bool, tell: Callable[[int, int, Counts], None]
) -> bool:
    """False for one that is in already."""
    try:
        about = file.stat()
        name, version = f"import:{_written(file)}", f"{about.st_size} {about.st_mtime_ns}"
        before = json.loads(store.mark(name) or "{}")
        after = before.get("line", 0) if before.get("version") == version else 0
        if after == _ALL:
            return False
        empty = True
        for line, read, batch in _batches(file, like, renew, after, about.st_size):
            empty = False
            tell(read, about.st_size, store.add_all(batch, (name, _mark(version, line))))
        if empty and not after:
            raise BadMemory(f"{file}: it is empty: nothing to remember")
        tell(about.st_size, about.st_size, store.add_all([], (name, _mark(version, _ALL))))
    except OSError as error:
        raise BadMemory(_closed(file, error)) from error
    return True


def _written(file: Path) -> str:
    """Its name as UTF-8 can have it: file systems allow bytes that are none."""
    return str(file).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _mark(version: str, line: int | str) -> str:
    return json.dumps({"version": version, "line": line})


def _batches(
    file: Path, like: Draft, renew: bool, after: int, size: int
) -> Iterator[tuple[int, int, list[Draft]]]:
    """(last line, bytes read, drafts) of each batch; what comes before a bad line is given before it is."""
    if file.suffix.lower() not in _JSONL:
        whole = text.decoded(file.read_bytes(), file)
        read = markdown.document if file.suffix.lower() in _MARKDOWN else text.document
        yield 0, size, [replace(read(whole, file, like), renews=renew)]
        return
    batch: list[Draft] = []
    line = offset = weight = 0
    try:
        for line, offset, draft in jsonl.drafts(file, like, after):
            batch.append(draft)
            weight += len(draft.content)
            if len(batch) >= _MEMORIES or weight >= _CHARACTERS:
                yield line, offset, batch
                batch, weight = [], 0
    except BadMemory:
        if batch:
            yield line, offset, batch
        raise
    if batch:
        yield line, offset, batch
