"""``tui memory audit``: whether there is enough to learn from."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from memory.audit import COUNTING, RULE, Part, as_json, audit
from memory.jobs import reader
from memory.record import Memory
from tui.core.notices import Notices
from tui.headless.memory.work import Work
from tui.headless.report import write_json, write_line, write_rows

SCHEMA = 1
_HEAD = ("domain", "", "rows", "distinct", "near", "to learn", "tokens", "rules", "left out")
_EVERY = 1000


def audit_memories(memories: Iterable[Memory], work: Work, files: Path | None, in_json: bool) -> None:
    """Look at everything, and print the finding as a table or as one JSON object."""
    notices = Notices()
    found = audit(_counted(memories, notices), time.time(), work.jobs, reader(files))
    notices.clear()
    if work.jobs is None:
        notices.say(f"the queue was not read: {work.why}")
    if in_json:
        write_json({"schema": SCHEMA, **as_json(found)})
        return
    write_rows([_HEAD, *map(_row, found.parts)])
    jobs = "" if found.jobs is None else f" and {found.jobs:,} rows of the queue"
    write_line(f"{found.rows:,} memories{jobs} looked at, {found.other:,} memories in no domain")
    write_line(f"H2, there is enough training data: {_VERDICTS[found.enough]}: {found.sentence}")
    write_line(RULE)
    write_line(COUNTING)


_VERDICTS = {True: "yes", False: "no", None: "not measured"}


def _counted(memories: Iterable[Memory], notices: Notices) -> Iterator[Memory]:
    for number, one in enumerate(memories, 1):
        if number % _EVERY == 0:
            notices.progress(f"{number:,} memories looked at")
        yield one


def _row(part: Part) -> tuple[str, ...]:
    counts = (part.rows, part.distinct, part.near, part.conversations, part.tokens)
    rules = ", ".join(
        f"{rule} {part.above.get(rule, 0):,}+{part.below.get(rule, 0):,}"
        for rule in ("tags", "domain", "metadata", "text")
        if rule in part.above or rule in part.below
    )
    left_out = ", ".join(f"{why} {count:,}" for why, count in part.left_out.items())
    return (part.name, part.rating, *(f"{count:,}" for count in counts), rules or "-", left_out or "-")
