"""The colours of the screen: dark or light, quiet, with the modes' own colours as the only bright ones.

Or none at all. This module must not know widgets.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from modes import tables

DARK = Theme(
    name="dark",
    primary="#7aa2c4",
    secondary="#5b6472",
    accent="#c9a23f",
    foreground="#d5d8de",
    background="#14161a",
    surface="#14161a",
    panel="#1d2026",
    success="#5fa35f",
    warning="#c9a23f",
    error="#d0685f",
    variables={"scrollbar": "#2c313a", "scrollbar-background": "#14161a", "scrollbar-hover": "#3a404b"},
)
LIGHT = Theme(
    name="light",
    dark=False,
    primary="#2f6690",
    secondary="#6b7280",
    accent="#8a6a12",
    foreground="#23262b",
    background="#faf9f6",
    surface="#faf9f6",
    panel="#eeece6",
    success="#3b7a3b",
    warning="#86650c",
    error="#a8362c",
    variables={"scrollbar": "#cfccc3", "scrollbar-background": "#faf9f6", "scrollbar-hover": "#b5b1a6"},
)
#: Its colours are never seen: `Colourless` takes them away.
MONOCHROME = Theme(
    name="monochrome",
    primary="#ffffff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    warning="#ffffff",
    error="#ffffff",
)
OURS = (DARK, LIGHT, MONOCHROME)


class Colourless(LineFilter):
    """Bold, italic, underlined and reversed stay; no colour is ever written to the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text, style.without_color if style else None, control)
            for text, style, control in segments
        ]


def colours_refused(environ: Mapping[str, str] = os.environ) -> str | None:
    """Why the terminal is to have no colours whatever the theme; None where it may have them."""
    if environ.get("NO_COLOR"):
        return "NO_COLOR is set"
    return "TERM is dumb" if environ.get("TERM") == "dumb" else None


class NoSuchTheme(Exception):
    """No theme has the name asked for; the message lists those there are."""

    def __init__(self, name: str, known: Collection[str]) -> None:
        near = tables.nearest(name, known)
        shown = tables.printable(name)
        super().__init__(f"no theme is called {shown}{near}: the themes are {', '.join(known)}")


def names(app: App[Any]) -> list[str]:
    """Our themes first, then Textual's by name."""
    ours = [theme.name for theme in OURS]
    return [*ours, *sorted(set(app.available_themes) - set(ours))]


def default() -> str:
    """The theme where none is chosen."""
    return MONOCHROME.name if colours_refused() else DARK.name


def choose(app: App[Any], name: str) -> None:
    """Show ``app`` in another theme. Raises `NoSuchTheme` and changes nothing then."""
    if name not in app.available_themes:
        raise NoSuchTheme(name, names(app))
    app.no_color = name == MONOCHROME.name or colours_refused() is not None
    if app.is_running:
        app.theme = name
        return
    # What watches the theme would have the stylesheet parsed a second time before the first frame.
    app.set_reactive(App.theme, name)
    app.stylesheet.set_variables(app.get_css_variables())
    app.set_class(app.current_theme.dark, "-dark-mode", update=False)
    app.set_class(not app.current_theme.dark, "-light-mode", update=False)


def told(app: App[Any], config_file: Path | None) -> str:
    """Which theme is shown, how to keep it, and which others there are."""
    refused = colours_refused()
    lines = [
        f"theme: {app.theme}, until you leave" + (f" ({refused}: no colours are shown)" if refused else ""),
        f'to keep it: theme = "{app.theme}" in {config_file or "config.toml"}',
        f"/theme NAME chooses one of {', '.join(names(app))}",
    ]
    return "\n".join(lines)
