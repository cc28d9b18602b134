"""How an answer ended, and what a mode is, in words.

This module must not know widgets; a screen without colour has to say as much as one with.
"""

from __future__ import annotations

import textwrap

from textual.content import Content

from modes.catalog import Catalog
from modes.voice import Voice
from tui.core.context import Split
from tui.core.conversation import Dropped, Node, Status
from tui.ui.badge import badge
from tui.ui.glyphs import Glyphs
from tui.ui.text import clean

_ENDINGS: dict[Status, str] = {
    "done": "",
    "streaming": "still being written by another program",
    "interrupted": "interrupted: the program ended in mid-answer",
    "stopped": "stopped",
    "length": "cut off: the mode's limit of tokens is reached",
    "context": "context full: begin a new conversation with /new",
    "failed": "failed",
}


def ending(node: Node) -> str:
    """How the answer ended; empty when there is nothing to say."""
    return f"failed: {clean(node.error)}" if node.error else _ENDINGS[node.status]


def dropped(event: Dropped) -> str:
    """What the model no longer sees."""
    messages = "message" if event.messages == 1 else "messages"
    return (
        f"the context is full: the model no longer sees the first {event.messages:,} {messages} "
        f"({event.tokens:,} tokens)"
    )


def voice_lines(voice: Voice) -> list[str]:
    """What is missing from ``voice``, a sentence each."""
    lines = [f"{name}: no trained coefficients yet: prompt and sampling only" for name in voice.untrained]
    return [*lines, *(f"{mode.name} lacks: {mode.lacks}" for mode, _ in voice.parts if mode.lacks)]


def context_lines(split: Split, width: int) -> list[str]:
    """How the context is divided, as a bar of ``width`` cells and in numbers."""
    context = max(split.context, 1)
    bar = ""
    for name, tokens in split.shares[:-1]:
        bar += name[0] * (max(1, round(tokens / context * width)) if tokens else 0)
    rows = [f"{name:<8}{tokens:>9,} tokens {tokens / context:>5.0%}" for name, tokens in split.shares]
    told = [f"[{bar[:width]:.<{width}}]", *rows, f"{'in all':<8}{split.context:>9,} tokens"]
    if split.hidden:
        told.append(f"the model no longer sees the first {split.hidden:,} messages")
    return told


def other_model(node: Node | None, model: str, fingerprint: str | None) -> str:
    """What to say when ``node``, the last answer, is of another model; empty when it is not."""
    wrote = node.provenance if node else None
    if wrote is None or not wrote.fingerprint or not fingerprint or wrote.fingerprint == fingerprint:
        return ""
    return f"this was written by {clean(wrote.model)}, which is not loaded; {clean(model)} goes on with it"


def mode_table(catalog: Catalog, current: Voice, glyphs: Glyphs, width: int) -> Content:
    """Every mode: badge, description, what it lacks; wrapped to ``width`` cells with the columns kept."""
    indent = max(len(name) for name in catalog.modes) + 4
    voices = [catalog.voice(name) for name in catalog.modes]
    rows = []
    for voice in voices:
        shown, mode = badge(voice, glyphs), voice.lead
        here = " (current)" if voice.spec == current.spec else ""
        first, *rest = _wrapped(mode.description + here, width - indent)
        rows.append(Content.assemble(shown, " " * (indent - shown.cell_length), first))
        rest += _wrapped(f"lacks: {mode.lacks}", width - indent) if mode.lacks else []
        rows += [Content(" " * indent + line) for line in rest]
    untrained = [name for voice in voices for name in voice.untrained]
    foot = "/mode NAME chooses one, /mode a*0.7+b*0.3 blends, /mode off goes back to base"
    if untrained:
        foot = f"no trained coefficients yet, prompt and sampling only: {', '.join(untrained)}\n{foot}"
    return Content("\n").join([*rows, Content(f"\n{foot}")])


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 10))
