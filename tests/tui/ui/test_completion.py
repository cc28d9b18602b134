"""Slash commands completed while they are typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets.option_list import Option

from tests.tui.ui.conftest import Driver, driving
from tests.tui.ui.test_chat import drawn
from tui.core.session import Session
from tui.ui.widgets.popup import Popup

Begin = Callable[..., Session]


def offered(me: Driver) -> list[str]:
    popup = me.chat.query_one(Popup)
    return [str(popup.get_option_at_index(at).prompt).split()[0] for at in range(popup.option_count)] * (
        popup.display
    )


async def write(me: Driver, text: str) -> None:
    me.chat.prompt.insert(text)
    await me.pilot.pause()


async def test_names_are_offered_and_tab_takes_the_first(begin: Begin) -> None:
    async with driving(begin()) as me:
        await write(me, "/re")
        assert offered(me) == ["/resume", "/rename", "/regenerate"]
        await me.press("tab")
        assert me.chat.prompt.text == "/resume "


async def test_arrows_choose_round_and_round_and_enter_takes_what_was_chosen(begin: Begin) -> None:
    async with driving(begin()) as me:
        await write(me, "/re")
        for key in ("up", "down", "up"):
            await me.press(key)
        await me.press("enter")
        assert me.chat.prompt.text == "/regenerate" and not offered(me)
        await me.press("enter")
        await me.until(lambda: "there is no question to answer again" in me.said)


async def test_enter_sends_what_is_written_where_nothing_was_chosen(begin: Begin) -> None:
    async with driving(begin()) as me:
        await write(me, "/mode le")
        assert offered(me) == ["legal"]
        await me.press("enter")
        await me.until(lambda: "no mode is called 'le'" in me.said)


async def test_escape_closes_the_popup_and_nothing_else(begin: Begin) -> None:
    async with driving(begin()) as me:
        await write(me, "/mo")
        await me.press("escape")
        assert not offered(me) and me.chat.prompt.text == "/mo"
        await me.press("tab")
        assert me.chat.prompt.text == "/mode "


async def test_a_mode_of_a_blend_is_completed_and_then_switched_to(begin: Begin) -> None:
    async with driving(begin()) as me:
        await write(me, "/mode legal*0.7+rea")
        await me.press("tab")
        assert me.chat.prompt.text == "/mode legal*0.7+reasoning"
        await me.press("enter")
        await me.until(lambda: "§ legal*0.7 + ∴ reasoning" in me.status)


async def test_a_conversation_is_completed_by_its_title(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("All about lighthouses")
        await me.send("/new")
        await write(me, "/resume light")
        await me.press("tab")
        assert me.chat.prompt.text == f"/resume {me.session.store.latest().id[:8]}"
        await me.press("enter")
        await me.until(lambda: "All about lighthouses" in me.said)


async def test_a_theme_is_completed(begin: Begin) -> None:
    async with driving(begin()) as me:
        await write(me, "/theme mono")
        await me.press("tab")
        await me.press("enter")
        await me.until(lambda: me.pilot.app.theme == "monochrome")


async def test_a_mode_whose_file_was_just_made_is_offered(begin: Begin, tmp_path: Path) -> None:
    async with driving(begin()) as me:
        (tmp_path / "modes" / "fresh.toml").write_text('extends = "legal"\n')
        await write(me, "/mode fr")
        assert offered(me) == ["fresh"]


async def test_a_click_takes_one(begin: Begin) -> None:
    async with driving(begin()) as me:
        await write(me, "/mode ")
        await me.pilot.click(Popup, offset=(3, 2))
        await me.until(lambda: me.chat.prompt.text == "/mode coding")
        assert me.chat.prompt.has_focus


async def test_a_click_on_what_is_no_longer_offered_takes_nothing(begin: Begin) -> None:
    async with driving(begin()) as me:
        await write(me, "/mode ")
        popup = me.chat.query_one(Popup)
        for at in (0, 1000):  # others are offered since, or fewer
            popup.post_message(Popup.OptionSelected(popup, Option("gone"), at))
        await me.pilot.pause()
        assert me.chat.prompt.text == "/mode "


async def test_text_for_the_model_and_recalled_lines_offer_nothing(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("/mode")
        await write(me, "hello /mo")
        assert not offered(me)
        await me.press("tab")
        assert me.chat.prompt.text == "hello /mo"
        me.chat.prompt.clear()
        await me.press("up")
        await me.pilot.pause()
        assert me.chat.prompt.text == "/mode" and not offered(me)


@pytest.mark.parametrize("size", [(80, 24), (20, 5), (200, 50)])
async def test_the_popup_stands_just_above_the_prompt_and_on_the_screen(
    begin: Begin, size: tuple[int, int]
) -> None:
    async with driving(begin(), size=size) as me:
        await write(me, "/")
        await me.pilot.pause()
        popup, prompt = me.chat.query_one(Popup), me.chat.prompt
        assert popup.region.bottom in (prompt.region.y, prompt.region.y - 1)
        assert popup.region.y >= 0 and popup.region.height == min(8, size[1] // 3)
        assert "/mode" in drawn(me)


async def test_the_popup_is_drawn_in_ascii_where_nothing_else_is(begin: Begin) -> None:
    async with driving(begin(ascii=True), size=(60, 24)) as me:
        await me.loaded()
        await write(me, "/")
        await me.pilot.pause()
        assert drawn(me).isascii() and "/title TEXT" in drawn(me)
