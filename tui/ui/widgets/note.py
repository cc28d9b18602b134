"""What the program itself says in the transcript.

Text is cleaned here and shown as it is: it never passes through markup.
"""

from __future__ import annotations

from typing import Literal

from textual.content import Content
from textual.widgets import Static

from tui.ui.glyphs import Glyphs
from tui.ui.text import clean

Kind = Literal["note", "error"]


class Note(Static):
    """A word of the program: what it did, or what went wrong and what to do."""

    def __init__(self, text: str | Content, glyphs: Glyphs, kind: Kind = "note") -> None:
        label = "error: " if kind == "error" else ""
        plain = clean(text) if isinstance(text, str) else text
        super().__init__(Content.assemble(label, plain), markup=False, classes=f"entry {kind}")
