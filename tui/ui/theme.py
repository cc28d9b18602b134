"""The colours of the screen: dark, quiet, with the modes' own colours as the only bright ones.

This module must not know widgets.
"""

from __future__ import annotations

from textual.theme import Theme

THEME = Theme(
    name="modeshare",
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
