"""``tui memory import``: files and folders, with progress, from where an earlier run stopped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from memory.draft import FRESH, Draft
from memory.importing.run import Imported, Progress, import_path
from memory.sqlite.store import MemoryStore
from memory.sqlite.writing import Counts
from tui.core.notices import Notices
from tui.headless.report import write_line


def import_paths(
    store: MemoryStore,
    paths: Sequence[Path],
    *,
    domain: str | None,
    tags: tuple[str, ...],
    temperature: float | None,
    sacred: bool,
    keep_former: bool,
) -> bool:
    """Remember all of ``paths``, tell how many; False when a file could not be read, which is told too.

    Raises `MemoryUnavailable`, and `BadMemory` for a path by itself; what came before it is kept.
    """
    like = Draft("", FRESH if temperature is None else temperature, domain, tags, sacred)
    notices, counts = Notices(), Counts()
    before = Counts()

    def watch(progress: Progress) -> bool:
        nonlocal counts
        counts = before + progress.counts
        notices.progress(_line(progress, counts))
        return True

    done: list[Imported] = []
    try:
        for path in paths:
            done.append(import_path(store, path, like, watch, renew=not keep_former))
            before = counts = before + done[-1].counts
    except BaseException:  # whatever ended it, how far it came is worth knowing
        if counts != Counts():
            notices.say(f"{_said(counts)} until then, and kept")
        raise
    notices.clear()
    refused = [why for one in done for why in one.refused]
    for why in refused:
        notices.say(f"left out: {why}")
    files, skipped = sum(one.files for one in done), sum(one.skipped for one in done)
    again = f" ({skipped:,} of them were in already)" if skipped else ""
    write_line(f"{files:,} {'file' if files == 1 else 'files'}{again}: {_said(counts)}")
    if counts.added:
        notices.say(
            "found by keywords now; by meaning once an open chat has embedded them, or: tui memory embed"
        )
    return not refused


def _line(progress: Progress, counts: Counts) -> str:
    share = progress.read / progress.size if progress.size else 1.0
    where = f"{progress.file.name} {share:4.0%}, file {progress.done + 1:,} of {progress.files:,}"
    return f"{where}: {counts.added:,} added"


def _said(counts: Counts) -> str:
    return f"{counts.added:,} added, {counts.superseded:,} superseded, {counts.same:,} there already"
