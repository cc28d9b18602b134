"""Makes text of people and models safe to show in a terminal.

This module must not know widgets; what is stored is never changed by it, only what is shown.
"""

from __future__ import annotations

import re

#: The longest text shown whole, in characters and in lines.
LONG, MANY = 16_000, 400

# Whole sequences first, so that no "[31m" is left standing when only its escape goes.
_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_].*?(?:\x1b\\|\x07|\x9c)"  # OSC, DCS and their like, up to their end
    r"|\x1b(?![\[\]PX^_])[ -/]*[0-~]",
    re.DOTALL,
)
# C0 but tab and newline, DEL, C1, and the marks that reorder what is read.
_CONTROLS = re.compile(
    "[\x00-\x08\x0d-\x1f\x7f\x80-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
# Python and Markdown disagree about these ends of lines.
_BREAKS = re.compile("[\x0b\x0c\x85\u2028\u2029]")


def clean(text: str) -> str:
    """``text`` without control sequences, control characters and bidirectional marks.

    Tabs and newlines stay; carriage returns go; every other kind of line end becomes a newline.
    """
    return _CONTROLS.sub("", _BREAKS.sub("\n", _SEQUENCES.sub("", text)))


def one_line(text: str) -> str:
    """``text`` cleaned, on one line, with single spaces."""
    return " ".join(clean(text).split())


def beginning(text: str, ellipsis: str) -> str:
    """``text``, or its beginning and how much follows: to lay out a megabyte takes seconds."""
    if len(text) <= LONG and text.count("\n") < MANY:
        return text
    shown = "\n".join(text[:LONG].split("\n")[:MANY])
    rest = len(text) - len(shown)
    return f"{shown}{ellipsis}\n({rest:,} more characters, not shown here: all was sent)"


def lines(count: int) -> str:
    """``1 line``, ``2 lines``."""
    return f"{count:,} line{'' if count == 1 else 's'}"
