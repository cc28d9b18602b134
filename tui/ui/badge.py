"""A mode as it is shown everywhere: glyph and name, in the mode's colour but never by colour alone.

This module must not know screens or how a mode is chosen.
"""

from __future__ import annotations

from textual.content import Content

from modes.blend import VoiceError
from modes.catalog import Catalog
from modes.voice import Voice
from tui.ui.glyphs import Glyphs
from tui.ui.text import one_line


def badge(voice: Voice, glyphs: Glyphs) -> Content:
    """``§ legal``; a blend is its parts with their weights, joined by ``+``."""
    alone = len(voice.parts) == 1 and voice.parts[0][1] == 1
    shown = []
    for mode, weight in voice.parts:
        sign = mode.ascii if glyphs.plain else mode.glyph
        name = mode.name if alone else f"{mode.name}*{weight:g}"
        shown.append(Content.styled(f"{sign} {name}", f"bold {mode.colour}"))
    return Content(" + ").join(shown)


def badge_of(spec: str, catalog: Catalog, glyphs: Glyphs) -> Content:
    """The badge of a stored answer's mode, whose name alone is left when the mode is gone."""
    try:
        return badge(catalog.voice(spec), glyphs)
    except VoiceError:
        return Content.styled(f"? {one_line(spec)}", "bold")
