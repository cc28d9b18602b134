"""Runs a load in a terminal: progress on stderr, tables on stdout, JSON to a file.

It must not know a screen, nor how anything is measured.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tui.bench.bench import Wishes, reported
from tui.bench.output import check_target, tell
from tui.bench.progress import Progress
from tui.bench.tables import write_load
from tui.core.evaluation.changes import check_base, read_report
from tui.core.evaluation.choice import FULL, QUICK, Choice, chosen
from tui.core.evaluation.endings import Interrupted
from tui.core.load.changes import PARTS, changes
from tui.core.load.report import KIND, failed
from tui.core.load.run import FULL_ITEMS, ITEMS, LoadRun
from tui.core.load.spec import Wanted
from tui.core.notices import Notices
from tui.core.session import Session


def loads_dir(data: Path) -> Path:
    """Where the runs are. Nothing is made on disk."""
    return data / "loads"


def tokens_of(full: bool) -> int:
    """Tokens of each answer."""
    return (FULL if full else QUICK).tokens


def bench_load(session: Session, data: Path, wishes: Wishes, wanted: Wanted, why: str) -> bool:
    """Run it and tell it; False when a criterion failed. ``why`` the context is no longer than it is.

    Raises `UnknownDomain`, `VoiceError`, `BadTestSet`, `BadReport`, `NothingToAsk`, `BadTarget`,
    `Interrupted`, and what the engine raises before anybody is answered.
    """
    old = read_report(wishes.compare, KIND, PARTS) if wishes.compare else None
    check_target(wishes.json)
    choice = _choice(session, wishes)
    notices = Notices()
    progress = Progress(notices, "steps")
    for notice in session.notices:
        notices.say(notice)
    try:
        engine = notices.wait(session.loader)
        if old is not None and wishes.compare:
            info, source = engine.info, wishes.compare
            if unsure := check_base(old, info.name, engine.fingerprint(), info.device, source):
                notices.say(unsure)
        run = LoadRun(engine, session.wardrobe(), loads_dir(data), choice, wanted, why)
        with closing(run.run()) as events:
            report = reported(events, progress)
    except KeyboardInterrupt:
        raise Interrupted(progress.kept()) from None
    notices.clear()
    if old is not None:
        report = {**report, "compare": changes(old, report)}
    tell(report, wishes.json, write_load)
    refused = failed(report)
    for sentence in refused:
        notices.say(f"tui: refused: {sentence}")
    return not refused


def _choice(session: Session, wishes: Wishes) -> Choice:
    """What is asked, and in which modes: those of the domains, unless some are named."""
    size, items = (FULL, FULL_ITEMS) if wishes.full else (QUICK, ITEMS)
    choice = chosen(
        session.catalog, size.of(wishes.items or items), wishes.domains or None, wishes.modes or None
    )
    for spec in wishes.modes:
        session.asked_for(session.catalog.voice(spec))
    return choice
