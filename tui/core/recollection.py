"""What of recalled memories a turn shows the model, in tokens, and which of them its answer names.

It must not know where memories come from, nor how an answer is written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.contract import Message
from tui.core.conversation import Recollection
from tui.core.window import reminded

if TYPE_CHECKING:
    from memory.recalled import Shown

Count = Callable[[Sequence[Message]], int]
"""Tokens of a prompt."""


def fitted(found: Recollection, question: str, count: Count, limit: int) -> Recollection | None:
    """As much of ``found``, the nearest first, as takes at most ``limit`` tokens; None when nothing does."""
    alone = count([Message("user", question)])
    while found.shown:
        tokens = count([Message("user", reminded(question, found))]) - alone
        if tokens <= limit:
            return replace(found, shown=_counted(found.shown, count), tokens=tokens)
        found = _of(found, found.shown[:-1])
    return None


def without(memories: Recollection | None, vetoed: Collection[str]) -> Recollection | None:
    """``memories`` less those that are ``vetoed``: the same each time, so that it is read once."""
    if memories is None or not any(one.id in vetoed for one in memories.shown):
        return memories
    kept = tuple(one for one in memories.shown if one.id not in vetoed)
    return _of(memories, kept) if kept else None


def cited(answer: str, memories: Recollection | None) -> tuple[str, ...]:
    """Those of ``memories`` that ``answer`` names by their number: ``#12``, as in ``[Memory #12 | ...]``."""
    shown = memories.shown if memories else ()
    return tuple(one.id for one in shown if re.search(rf"#{re.escape(one.id)}(?!\w)", answer))


def _of(memories: Recollection, shown: tuple[Shown, ...]) -> Recollection:
    """Fewer of them, in a fence as hard to guess as theirs, and always the same."""
    from memory.present import block

    nonce = hashlib.sha256(memories.block.encode("utf-8", "replace")).hexdigest()[:16]
    return Recollection(block(shown, nonce), shown, memories.tokens)


def _counted(shown: tuple[Shown, ...], count: Count) -> tuple[Shown, ...]:
    bare = count([Message("user", ".")]) - 1
    return tuple(
        replace(one, tokens=max(0, count([Message("user", one.content or ".")]) - bare)) for one in shown
    )
