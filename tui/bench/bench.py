"""Runs an evaluation in a terminal: progress on stderr, tables on stdout, JSON to a file.

It must not know a screen, nor how anything is measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.bench.output import check_target, tell
from tui.bench.progress import Progress
from tui.bench.tables import write_report
from tui.core.evaluate import Evaluation
from tui.core.evaluation.changes import changes, check_base, read_report
from tui.core.evaluation.choice import FULL, QUICK, chosen
from tui.core.evaluation.endings import Interrupted
from tui.core.evaluation.events import Event, Reported
from tui.core.evaluation.folder import evaluations_dir
from tui.core.evaluation.report import failed
from tui.core.notices import Notices
from tui.core.session import Session


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for; empty and None leave it to the run."""

    full: bool = False
    domains: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    items: int | None = None
    json: str | None = None
    compare: Path | None = None


def bench(session: Session, data: Path, wishes: Wishes) -> bool:
    """Run it and tell it; False when a gate refused.

    Raises `UnknownDomain`, `VoiceError`, `BadTestSet`, `BadReport`, `NothingToAsk`, `BadTarget`,
    `Interrupted`, and what the engine and its coefficients raise.
    """
    began = time.monotonic()
    old = read_report(wishes.compare) if wishes.compare else None
    check_target(wishes.json)
    size = (FULL if wishes.full else QUICK).of(wishes.items)
    choice = chosen(session.catalog, size, wishes.domains or None, wishes.modes or None)
    for spec in wishes.modes:
        session.asked_for(session.catalog.voice(spec))
    notices = Notices()
    progress = Progress(notices)
    for notice in session.notices:
        notices.say(notice)
    try:
        engine = notices.wait(session.loader)
        loaded = time.monotonic() - began
        if old is not None and wishes.compare:
            info, source = engine.info, wishes.compare
            if unsure := check_base(old, info.name, engine.fingerprint(), info.device, source):
                notices.say(unsure)
        run = Evaluation(engine, session.wardrobe(), evaluations_dir(data), choice, loaded, data)
        with closing(run.run()) as events:
            report = reported(events, progress)
    except KeyboardInterrupt:
        raise Interrupted(progress.kept()) from None
    notices.clear()
    if old is not None:
        report = {**report, "compare": changes(old, report)}
    tell(report, wishes.json, write_report)
    refused = failed(report)
    for sentence in refused:
        notices.say(f"tui: refused: {sentence}")
    return not refused


def reported(events: Iterable[Event], progress: Progress) -> Mapping[str, Any]:
    """Show the events of a run up to its report, which is given."""
    for event in events:
        progress.show(event)
        if isinstance(event, Reported):
            return event.report
    raise AssertionError("a run ends with its report")


def named(values: Sequence[str]) -> tuple[str, ...]:
    """Names separated by commas, and options given more than once, as one list."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())
