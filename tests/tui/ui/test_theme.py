"""Dark, light, or no colours at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.tui.ui.conftest import Driver, driving
from tui.core.session import Session
from tui.ui.widgets.prose import Prose

Begin = Callable[..., Session]


@pytest.fixture(autouse=True)
def colourful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def styles(me: Driver) -> set[str]:
    """What is sent to the terminal to style text: the numbers between ``ESC [`` and ``m``."""
    app = me.pilot.app
    strips = app.screen._compositor.render_strips()
    return set(re.findall(r"\x1b\[([\d;]*)m", "".join(strip.render(app.console) for strip in strips)))


COLOUR = re.compile(r"(^|;)(3[0-8]|4[0-8]|9\d|10\d|39|49)(;|$)")


async def test_the_theme_is_dark_unless_another_is_chosen(begin: Begin) -> None:
    async with driving(begin()) as me:
        assert me.pilot.app.theme == "dark" and any(map(COLOUR.search, styles(me)))
    async with driving(begin(theme="light")) as me:
        assert me.pilot.app.theme == "light" and not me.pilot.app.current_theme.dark


@pytest.mark.parametrize(
    "setting, variable",
    [({"theme": "monochrome"}, {}), ({}, {"NO_COLOR": "1"}), ({"theme": "dark"}, {"TERM": "dumb"})],
)
async def test_without_colours_no_colour_is_ever_sent(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, setting: dict[str, Any], variable: dict[str, str]
) -> None:
    for name, value in variable.items():
        monkeypatch.setenv(name, value)
    async with driving(begin(**setting)) as me:
        await me.chat.transcript.mount(Prose("1. `one`\n2. **two**\n\n> three\n\n```python\ndef f(): 1\n```"))
        await me.ask("Hello")
        me.chat.prompt.insert("/mode ")
        await me.pilot.pause()
        assert styles(me) and not any(map(COLOUR.search, styles(me)))
        # What is chosen is underlined, and where the cursor is, reversed.
        for sign in ("4", "7"):
            assert any(sign in style.split(";") for style in styles(me))
        await me.press("ctrl+p")
        await me.pilot.pause()
        assert not any(map(COLOUR.search, styles(me)))


async def test_a_theme_is_switched_to_and_says_how_to_keep_it(begin: Begin) -> None:
    async with driving(begin(), size=(120, 24)) as me:
        await me.send("/theme light")
        assert me.pilot.app.theme == "light"
        assert "theme: light, until you leave" in me.said
        assert 'to keep it: theme = "light" in config.toml' in me.said
        await me.send("/theme monochrome")
        assert not any(map(COLOUR.search, styles(me)))
        await me.send("/theme dark")
        await me.pilot.pause()
        assert any(map(COLOUR.search, styles(me)))


async def test_theme_alone_says_which_there_are(begin: Begin) -> None:
    async with driving(begin(), size=(120, 24)) as me:
        await me.send("/theme")
        assert "theme: dark" in me.said and "chooses one of dark, light, monochrome, ansi" in me.said


async def test_an_unknown_theme_names_the_nearest_and_changes_nothing(begin: Begin) -> None:
    async with driving(begin(), size=(160, 24)) as me:
        await me.send("/theme lihgt")
        assert "no theme is called lihgt (did you mean light?)" in me.said
        assert me.pilot.app.theme == "dark"
    async with driving(begin(theme="drak"), size=(160, 24)) as me:
        assert "no theme is called drak (did you mean dark?)" in me.said
        assert me.pilot.app.theme == "dark"


async def test_a_terminal_that_has_no_colours_says_why_a_theme_shows_none(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driving(begin(), size=(120, 24)) as me:
        await me.send("/theme light")
        assert "NO_COLOR is set: no colours are shown" in me.said
        assert not any(map(COLOUR.search, styles(me)))
