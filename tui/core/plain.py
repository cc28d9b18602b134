"""Text of people, models and servers without what steers a terminal, for whoever writes to one.

What is stored is never changed by it, only what is shown.
"""

from __future__ import annotations

import re

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
