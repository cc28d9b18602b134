"""Makes text of people and models safe to show in a terminal.

This module must not know widgets; what is stored is never changed by it, only what is shown.
"""

from __future__ import annotations

from tui.core.plain import clean

__all__ = ["LONG", "MANY", "beginning", "clean", "lines", "number", "one_line"]

#: The longest text shown whole, in characters and in lines.
LONG, MANY = 16_000, 400
#: Python refuses to read numbers of some thousand digits.
_DIGITS = 18


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


def number(text: str) -> int | None:
    """The whole number that was typed; None for anything else, and for more digits than mean anything."""
    digits = text.strip()
    return int(digits) if digits.isdecimal() and len(digits) <= _DIGITS else None


def lines(count: int) -> str:
    """``1 line``, ``2 lines``."""
    return f"{count:,} line{'' if count == 1 else 's'}"
