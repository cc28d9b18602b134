"""What stands in the status line, in words and numbers.

This module must not know widgets other than the fields that it makes.
"""

from __future__ import annotations

from textual.content import Content

from engine.contract import ModelUnusable
from tui.core.models import chosen_model
from tui.core.session import Session
from tui.ui.meter import Meter
from tui.ui.text import one_line
from tui.ui.widgets.status import Field

#: Characters of a model's name where there is little room.
SHORT_NAME = 13


def model_name(session: Session) -> str:
    """The model's own name once it is loaded, before that the name of its file."""
    engine = session.loader.engine
    if engine is not None:
        return one_line(engine.info.name)
    try:
        return one_line(chosen_model(session.config).stem)
    except ModelUnusable:
        return "no model"


def fields(session: Session, badge: Content, meter: Meter) -> list[Field]:
    """Model, mode, context, and the speeds that are known."""
    name = model_name(session)
    shown = [Field(Content(name), 3, Content(name[:SHORT_NAME].rstrip("-_. "))), Field(badge, 6)]
    engine = session.loader.engine
    if engine is not None:
        context = engine.info.context
        shown.append(Field(Content(f"{(meter.used or 0) / context:.0%} of {context:,}"), 5))
    if meter.first_token is not None:
        shown.append(Field(Content(f"first {meter.first_token:.1f} s"), 2))
    if meter.prefill_rate is not None:
        shown.append(Field(Content(f"read {meter.prefill_rate:,.0f}/s"), 1))
    if meter.decode_rate is not None:
        shown.append(Field(Content(f"write {meter.decode_rate:,.1f}/s"), 4))
    return shown


def state(session: Session, meter: Meter, stopping: bool, editing: bool) -> str:
    """What the program is doing, in a few words."""
    loader = session.loader
    if loader.error is not None:
        return "no model"
    if loader.engine is None:
        once = " (once)" if loader.stage == "tuning" else ""
        return f"{loader.stage} {loader.progress * 100:.0f} %{once}"
    if stopping:
        return "stopping"
    if meter.phase == "idle" and editing:
        return "editing (Escape leaves)"
    if meter.phase == "reading" and meter.prefill:
        return f"reading prompt {meter.prefill.done:,}/{meter.prefill.total:,}"
    return meter.phase
