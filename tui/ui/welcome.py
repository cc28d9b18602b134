"""What a conversation begins with, and what is to be said of the model before one goes on.

This module must not know widgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from tui.ui.badge import badge
from tui.ui.gauges import model_name

if TYPE_CHECKING:
    from modes.voice import Voice
    from tui.core.conversation import Node
    from tui.core.session import Session
    from tui.ui.glyphs import Glyphs

_ROWS = (
    "/mode  speak in another mode",
    "/list  earlier conversations",
    "/help  all commands and keys",
)


def hint(session: Session, voice: Voice, glyphs: Glyphs) -> Content:
    """Where there is no message yet."""
    head = Content.assemble(model_name(session), glyphs.separator, badge(voice, glyphs))
    return Content("\n").join([head, *map(Content, _ROWS)])


def trouble(session: Session, path: Sequence[Node]) -> str:
    """That there is no model, or another one than wrote the last answer; empty when all is well."""
    error, engine = session.loader.error, session.loader.engine
    if error is not None:
        reason = str(error) or type(error).__name__
        return f"no model: {reason}\nearlier conversations can still be read (/list)"
    if engine is None:
        return ""
    from tui.ui.wording import other_model

    last = next((node for node in reversed(path) if node.role == "assistant"), None)
    return other_model(last, engine.info.name, engine.fingerprint(wait=False))
