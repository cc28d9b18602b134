"""Everything in one list."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual import events
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from modes.catalog import Catalog
from tests.tui.ui.conftest import Driver, driving
from tests.tui.ui.test_chat import drawn
from tui.core.commands import COMMANDS
from tui.core.session import Session
from tui.ui.key_groups import KEY_GROUPS
from tui.ui.keys import named
from tui.ui.screens.help import Help
from tui.ui.screens.palette import Palette, entries, found

Begin = Callable[..., Session]


async def opened(me: Driver, words: str = "") -> None:
    await me.press("ctrl+p")
    await me.until(lambda: isinstance(me.pilot.app.screen, Palette))
    await me.pilot.press(*words)
    await me.pilot.pause()


def test_every_command_mode_and_key_is_in_it() -> None:
    catalog, keys = Catalog.load(None), named(group for group in KEY_GROUPS if group.namespace is not None)
    labels = " ".join(entry.label for entry in entries(catalog, keys.values()))
    assert all(command.usage in labels for command in COMMANDS)
    assert all(f"/mode {mode}" in labels for mode in catalog.modes)
    assert len(entries(catalog, keys.values())) == len(COMMANDS) + len(catalog.modes) + len(keys)


@pytest.mark.parametrize(
    "words, first", [("mdlgl", "/mode legal"), ("fork", "/fork"), ("thinking", "Ctrl+T")]
)
def test_a_few_letters_find_it(words: str, first: str) -> None:
    every = entries(
        Catalog.load(None), named(group for group in KEY_GROUPS if group.namespace is not None).values()
    )
    assert found(words, every)[0].label == first
    assert found("zzzz", every) == []


async def test_a_mode_is_switched_to_and_what_was_being_written_stays(begin: Begin) -> None:
    async with driving(begin()) as me:
        me.chat.prompt.insert("a draft")
        await opened(me, "mode leg")
        await me.press("enter")
        await me.until(lambda: "§ legal" in me.status)
        assert me.chat.prompt.text == "a draft" and me.pilot.app.screen is me.chat


async def test_a_command_that_needs_more_is_begun_in_the_prompt_and_the_draft_comes_back(
    begin: Begin,
) -> None:
    async with driving(begin()) as me:
        await me.ask("Hello")
        me.chat.prompt.insert("a draft")
        await opened(me, "title")
        await me.press("enter")
        await me.until(lambda: me.chat.prompt.text == "/title ")
        me.chat.prompt.insert("Towers")
        await me.press("enter")
        await me.until(lambda: "title: Towers" in me.said)
        assert me.chat.prompt.text == "a draft"


@pytest.mark.parametrize("words, done", [("all commands and keys", Help), ("f1", Help)])
async def test_a_command_or_a_key_action_is_run(begin: Begin, words: str, done: type) -> None:
    async with driving(begin()) as me:
        await opened(me, words)
        await me.press("enter")
        await me.until(lambda: isinstance(me.pilot.app.screen, done))


async def test_a_key_action_of_the_conversation_or_of_the_prompt_is_run_too(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("/mode legal")
        await opened(me, "what was sent before")
        await me.press("enter")
        await me.until(lambda: me.chat.prompt.text == "/mode legal")
        await opened(me, "show or fold")
        await me.press("enter")
        await me.until(lambda: me.chat.transcript._unfolded)


def highlighted(me: Driver) -> int:
    at = me.pilot.app.screen.query_one(OptionList).highlighted
    assert at is not None
    return at


async def test_arrows_move_and_escape_leaves_all_as_it_was(begin: Begin) -> None:
    async with driving(begin()) as me:
        await opened(me)
        for key, at in (("down", 1), ("down", 2), ("up", 1)):
            await me.pilot.press(key)
            assert highlighted(me) == at
        await me.pilot.press("pagedown")
        assert highlighted(me) > 5
        await me.pilot.press("pageup")
        assert highlighted(me) < 5
        await me.pilot.press("x", "y", "z", "q")
        assert "nothing found, Escape leaves" in drawn(me)
        await me.press("escape")
        await me.until(lambda: me.pilot.app.screen is me.chat)
        assert me.chat.prompt.text == "" and "short" in me.status


async def test_a_click_chooses(begin: Begin) -> None:
    async with driving(begin()) as me:
        await opened(me, "mode legal")
        await me.pilot.click(OptionList, offset=(3, 0))
        await me.until(lambda: "§ legal" in me.status)


@pytest.mark.parametrize("size", [(80, 24), (20, 5)])
async def test_it_is_drawn_in_ascii_and_in_little_room(begin: Begin, size: tuple[int, int]) -> None:
    async with driving(begin(ascii=True), size=size) as me:
        await me.loaded()
        await opened(me)
        assert drawn(me).isascii()


@pytest.mark.parametrize("second", ["enter", "escape"])
async def test_a_key_that_comes_after_enter_does_nothing_there(begin: Begin, second: str) -> None:
    async with driving(begin()) as me:
        await opened(me, "mode leg")
        for key in ("enter", second):  # both are there before the first is acted on
            me.pilot.app.post_message(events.Key(key, None))
        await me.until(lambda: me.pilot.app.screen is me.chat)
        await me.until(lambda: second == "escape" or "§ legal" in me.status)


async def test_a_click_on_what_is_no_longer_found_chooses_nothing(begin: Begin) -> None:
    async with driving(begin()) as me:
        await opened(me, "mode leg")
        options = me.pilot.app.screen.query_one(OptionList)
        for at in (0, 1000):  # others were found since, or fewer
            options.post_message(OptionList.OptionSelected(options, Option("gone"), at))
        await me.pilot.pause()
        assert isinstance(me.pilot.app.screen, Palette)
