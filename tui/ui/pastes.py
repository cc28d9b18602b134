"""Long pastes, which stand in the prompt as a few words and are put back when it is sent.

This module must not know widgets. A text area that has to lay out a megabyte stands still for seconds.
"""

from __future__ import annotations

import re

from tui.ui.text import lines

#: Longer texts, in characters or lines, are folded.
LONG, MANY = 8_000, 200

_MARK = re.compile(r"\[pasted \d+: [^\]]*\]")


class Pastes:
    """The texts behind the marks of one prompt, for as long as the program runs."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def fold(self, text: str) -> str:
        """``text``, or the mark that stands for it when it is long."""
        count = text.count("\n") + 1
        if len(text) <= LONG and count <= MANY:
            return text
        for mark, kept in self._texts.items():
            if kept == text:
                return mark
        mark = f"[pasted {len(self._texts) + 1}: {lines(count)}, {len(text):,} characters]"
        self._texts[mark] = text
        return mark

    def unfold(self, text: str) -> str:
        """``text`` with every mark replaced by what it stands for."""
        return _MARK.sub(lambda found: self._texts.get(found[0], found[0]), text)
