"""``tui memory extract``: a domain as lines of JSON, and an account of what was left out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from memory.domains import DOMAINS, RULES
from memory.extract import REASONS, Extraction, Tally, line
from memory.jobs import JOB_REASONS, JobExtraction, JobTally, job_line, reader
from memory.record import Memory
from tui.core.newfile import new_file, reason
from tui.core.notices import Notices
from tui.headless.memory.work import Work
from tui.headless.refusal import NotWritten

_EVERY = 500


def extract_domain(
    memories: Iterable[Memory],
    domain: str,
    work: Work | None,
    files: Path | None,
    *,
    hot: float | None,
    sacred: bool,
    output: Path | None,
) -> int:
    """Write the conversations to ``output`` (None: standard output), tell the rest; how many there are.

    ``work`` is the queue for coding, whose files are read beneath ``files``. A file is whole or not there,
    and not there when there is nothing to write. Raises `NotWritten`.
    """
    one = Extraction(DOMAINS[domain], time.time(), hot, sacred)
    jobs = JobExtraction(reader(files))
    notices = Notices()

    def lines() -> Iterator[str]:
        for lesson in one.lessons(memories):
            yield json.dumps(line(lesson), ensure_ascii=False)
            if one.tally.written % _EVERY == 0:
                notices.progress(
                    f"{domain}: {one.tally.written:,} conversations of {one.tally.seen:,} memories"
                )
        for done in jobs.done((work.jobs if work else None) or ()):
            yield json.dumps(job_line(done), ensure_ascii=False)

    written = _to_file(lines(), output) if output else _to_stdout(lines())
    notices.clear()
    for sentence in account(one, jobs.tally, work):
        notices.say(sentence)
    if output and written:
        notices.say(f"{output}: {written:,} conversations; tui modes train --domain {domain} --data {output}")
    return written


def account(one: Extraction, jobs: JobTally, work: Work | None) -> Iterator[str]:
    """What matched and what was left out, a sentence each."""
    tally, name = one.tally, one.domain.name
    yield f"{tally.seen:,} memories looked at, {tally.matched:,} belong to {name}, {tally.written:,} written"
    for rule in RULES:
        if tally.above[rule] or tally.below[rule]:
            above, below = tally.above[rule], tally.below[rule]
            yield f"  by {rule}: {above:,} at {one.threshold:g} degrees or more, {below:,} below"
    yield from _why(tally.left_out, REASONS)
    yield from _made(tally)
    if tally.sacred:
        taken = "taken too" if one.sacred else "none taken (--sacred takes them)"
        yield f"  sacred: {tally.sacred:,}, {taken}"
    if work is not None and work.jobs is None:
        yield f"the queue was not read: {work.why}"
    elif work is not None:
        yield f"{jobs.seen:,} rows of the queue ({work.where}), {jobs.written:,} written"
        yield from _why(jobs.left_out, JOB_REASONS)
        for made_of, count in jobs.made_of.items():
            yield f"  made of {made_of}: {count:,}"


def _why(left_out: Mapping[str, int], reasons: tuple[str, ...]) -> Iterator[str]:
    for why in reasons:
        if left_out.get(why):
            yield f"  left out, {why}: {left_out[why]:,}"


def _made(tally: Tally) -> Iterator[str]:
    for source, count in tally.made_of.items():
        yield f"  question from {source}: {count:,}"


def _to_stdout(lines: Iterator[str]) -> int:
    written = 0
    for one in lines:
        sys.stdout.write(f"{one}\n")
        written += 1
    return written


def _to_file(lines: Iterator[str], output: Path) -> int:
    written = 0
    try:
        with new_file(output) as part, part.open("w", encoding="utf-8", newline="\n") as file:
            for one in lines:
                file.write(f"{one}\n")
                written += 1
            if not written:
                raise _Nothing
    except _Nothing:
        return 0
    except FileExistsError:
        raise NotWritten(f"{output} is there already: give another name") from None
    except OSError as error:
        raise NotWritten(f"{output} cannot be written ({reason(error)}): give another name") from error
    return written


class _Nothing(Exception):
    """There is no line to write."""
