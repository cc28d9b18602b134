"""What stands in the status line, in words and numbers.

This module must not know widgets other than the fields that it makes.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.content import Content

from tui.core.engines import expected_name
from tui.ui.text import one_line
from tui.ui.widgets.status import Field

if TYPE_CHECKING:
    from tui.core.context import Split
    from tui.core.session import Session
    from tui.ui.desk import Desk
    from tui.ui.live import Live
    from tui.ui.meter import Meter

#: Characters of a model's name where there is little room.
SHORT_NAME = 13


def model_name(session: Session) -> str:
    """The model's own name once it is loaded, before that where it is looked for."""
    engine = session.loader.engine
    return one_line(engine.info.name if engine else expected_name(session.config) or "no model")


def fields(session: Session, badge: Content, desk: Desk, split: Split | None) -> list[Field]:
    """Model, mode, context, and the speeds that are known."""
    name, meter = model_name(session), desk.meter
    shown = [Field(Content(name), 4, Content(name[:SHORT_NAME].rstrip("-_. "))), Field(badge, 6)]
    engine = session.loader.engine
    if engine is not None:
        shown.append(_context(engine.info.context, meter, split))
    if standing := session.standing():
        told = replace(standing, on=desk.front.recalls).text(time.time())
        shown.append(Field(Content(told), 3, Content(told.partition(",")[0])))
    if behind := desk.behind:
        shown.append(Field(Content(behind), 5))
    if meter.first_token is not None:
        shown.append(Field(Content(f"first {meter.first_token:.1f} s"), 2))
    if meter.prefill_rate is not None:
        shown.append(Field(Content(f"read {meter.prefill_rate:,.0f}/s"), 1))
    if meter.decode_rate is not None:
        shown.append(Field(Content(f"write {meter.decode_rate:,.1f}/s"), 4))
    return shown


def _context(context: int, meter: Meter, split: Split | None) -> Field:
    used = meter.used if meter.used is not None else split.used if split else 0
    short = f"{used / context:.0%} of {context:,}"
    if split is None:
        return Field(Content(short), 5)
    parts = ", ".join(f"{name} {tokens:,}" for name, tokens in split.shares if tokens or name == "free")
    return Field(Content(f"{short} ({parts})"), 5, Content(short))


def state(session: Session, desk: Desk) -> str:
    """What the program is doing, in a few words."""
    loader = session.loader
    if loader.error is not None:
        return "no model"
    if loader.engine is None:
        once = " (once)" if loader.stage == "tuning" else ""
        return f"{loader.stage} {loader.progress * 100:.0f} %{once}"
    if desk.live is None:
        return "editing (Escape leaves)" if desk.front.editing else "idle"
    return _writing(desk, desk.live, loader.engine.info.slots)


def _writing(desk: Desk, live: Live, slots: int) -> str:
    meter = live.meter
    if live.stopping:
        return "stopping"
    if desk.waiting:
        return f"waiting: {slots} other answers first" if slots > 1 else "waiting: another answer first"
    if meter.phase == "reading" and meter.prefill:
        return f"reading prompt {meter.prefill.done:,}/{meter.prefill.total:,}"
    return meter.phase
