"""The few signs the screen draws, and what stands for them where only ASCII can be shown.

This module must not know widgets or modes.
"""

from __future__ import annotations

import locale
from typing import NamedTuple


class Glyphs(NamedTuple):
    """One set of signs, each one cell wide, but ``ellipsis`` and ``separator``, which are text."""

    plain: bool
    prompt: str
    you: str
    note: str
    folded: str
    unfolded: str
    ellipsis: str
    separator: str
    back: str
    on: str


UNICODE = Glyphs(False, "›", "›", "·", "▸", "▾", "…", " · ", "‹", "›")
ASCII = Glyphs(True, ">", ">", "-", "+", "-", "...", " | ", "<", ">")


def choose(ascii_only: bool | None, encoding: str | None = None) -> Glyphs:
    """The signs to draw: as the operator set it, else by ``encoding`` (None: the locale's)."""
    if ascii_only is None:
        name = (encoding or locale.getencoding()).lower().replace("-", "").replace("_", "")
        ascii_only = name != "utf8"
    return ASCII if ascii_only else UNICODE
