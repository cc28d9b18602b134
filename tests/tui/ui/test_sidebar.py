"""The conversations beside the transcript, and the same list before it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tests.tui.ui.conftest import Driver, driving
from tests.tui.ui.stored import add_answer, fill
from tui.core.session import Session
from tui.ui.screens.conversations import ConversationsScreen

Begin = Callable[..., Session]

WIDE = (120, 30)


def listed(me: Driver) -> list[str]:
    """The rows of the list that is shown, each on one line."""
    options = me.pilot.app.screen.query_one(OptionList)
    rows = [options.get_option_at_index(at).prompt for at in range(options.option_count)]
    return [" ".join(str(row).split()) for row in rows]


def house(session: Session) -> tuple[str, str]:
    bread = fill(session.store, ("About bread", "Flour and water."))
    return bread, fill(session.store, ("About light", "It travels."))


@pytest.mark.parametrize(("columns", "shown"), [(80, False), (109, False), (110, True), (200, True)])
async def test_it_is_shown_where_there_is_room(begin: Begin, columns: int, shown: bool) -> None:
    async with driving(begin(), size=(columns, 24)) as me:
        assert me.chat.sidebar.display is shown
        await me.send("/sidebar")
        assert me.chat.sidebar.display is not shown
        await me.pilot.resize_terminal(200, 24)
        await me.pilot.resize_terminal(columns, 24)
        await me.until(lambda: me.chat.sidebar.display is not shown)


async def test_it_tells_title_mode_age_and_which_one_is_in_front(begin: Begin) -> None:
    session = begin()
    _, light = house(session)
    session.store.set_mode(light, "legal")
    async with driving(session, resume=light, size=WIDE) as me:
        await me.until(lambda: listed(me) == ["› About light § legal · now", "About bread • short · now"])


async def test_it_follows_titles_and_answers(begin: Begin) -> None:
    async with driving(begin(mode="endless"), size=WIDE) as me:
        await me.send("Write a very long story about a lighthouse, with many chapters.")
        await me.until(lambda: len(listed(me)) == 1 and listed(me)[0].endswith("writing"))
        await me.send("/rename Towers")
        await me.until(lambda: listed(me)[0].startswith("› Towers"))
        await me.send("/new")
        first = me.session.store.latest().id
        me.chat.desk.stop(first)
        await me.until(lambda: listed(me)[0].startswith("Towers") and listed(me)[0].endswith("new answer"))


async def test_the_key_goes_there_searches_opens_and_comes_back(begin: Begin) -> None:
    session = begin()
    house(session)
    async with driving(session, size=WIDE) as me:
        await me.press("f2")
        assert me.chat.sidebar.query_one(Input).has_focus
        await me.pilot.press(*"flour")
        await me.until(lambda: len(listed(me)) == 1)
        await me.pilot.press("enter")
        await me.until(lambda: "Flour and water." in me.said)
        assert me.chat.prompt.has_focus
        await me.press("f2")
        await me.pilot.press("escape")
        await me.until(lambda: me.chat.prompt.has_focus)
        await me.press("f2")
        await me.pilot.press("f2")
        await me.until(lambda: not me.chat.sidebar.display and me.chat.prompt.has_focus)


async def test_arrows_and_enter_at_once_choose_what_the_words_find(begin: Begin) -> None:
    session = begin()
    house(session)
    async with driving(session, size=WIDE) as me:
        await me.until(lambda: len(listed(me)) == 2)
        await me.press("f2")
        await me.pilot.press("down", "enter")
        await me.until(lambda: "Flour and water." in me.said)
        await me.press("f2")
        await me.pilot.press(*"travels", "enter")
        await me.until(lambda: "It travels." in me.said)


async def test_what_another_program_has_written_since_it_was_listed_is_there_when_it_is_opened(
    begin: Begin,
) -> None:
    session = begin()
    bread, light = house(session)
    async with driving(session, resume=light, size=WIDE) as me:
        await me.until(lambda: len(listed(me)) == 2)
        more = session.store.add_question(bread, session.store.get(bread).head, "And salt?")
        add_answer(session.store, bread, more.id, "A pinch.")
        await me.press("f2")
        await me.pilot.press("down", "enter")
        await me.until(lambda: me.chat.dialogue.id == bread)
        assert [node.content for node in me.chat.dialogue.path[2:]] == ["And salt?", "A pinch."]


async def test_a_paste_into_the_search_steers_no_terminal_and_is_one_line(begin: Begin) -> None:
    session = begin()
    house(session)
    async with driving(session, size=WIDE) as me:
        for key in ("f2", "ctrl+p"):
            await me.press(key)
            me.pilot.app.post_message(events.Paste("\x1b[31mabout\x07\r\n\x9blight"))
            await me.until(lambda: me.pilot.app.screen.query_one(Input).value == "about light")


async def test_a_click_opens(begin: Begin) -> None:
    session = begin()
    house(session)
    async with driving(session, size=WIDE) as me:
        await me.until(lambda: len(listed(me)) == 2)
        await me.pilot.click(OptionList, offset=(4, 2))
        await me.until(lambda: "Flour and water." in me.said)


async def test_keys_delete_and_bring_back(begin: Begin) -> None:
    session = begin()
    bread, light = house(session)
    async with driving(session, resume=bread, size=WIDE) as me:
        await me.until(lambda: len(listed(me)) == 2)
        await me.press("f2")
        await me.pilot.press("up", "f8")
        await me.until(lambda: len(listed(me)) == 1)
        assert [one.id for one in session.store.list()] == [bread]
        await me.pilot.press("ctrl+z")
        await me.until(lambda: len(listed(me)) == 2 and me.chat.dialogue.id == light)


async def test_a_deletion_never_takes_what_the_words_have_not_found(begin: Begin) -> None:
    session = begin(model=Path("/nowhere/gone.gguf"))
    _, light = house(session)
    async with driving(session, size=WIDE) as me:
        await me.press("f2")
        await me.until(lambda: len(listed(me)) == 2)
        field = me.chat.sidebar.query_one(Input)
        for key in (*"flour", "f8"):
            me.pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await me.until(lambda: field.value == "flour" and len(listed(me)) < 2)
        assert light in [one.id for one in session.store.list()]
        await me.pilot.press("f8")
        await me.until(lambda: [one.id for one in session.store.list()] == [light])


async def test_more_is_looked_up_when_the_end_is_reached(begin: Begin) -> None:
    session = begin()
    for number in range(130):
        fill(session.store, (f"Number {number}", "x"))
    async with driving(session, size=WIDE) as me:
        await me.until(lambda: len(listed(me)) == 100)
        await me.press("f2")
        await me.pilot.press("end", "up", "up")
        await me.until(lambda: len(listed(me)) == 130)


async def test_where_there_is_no_room_the_key_opens_the_list_before_everything(begin: Begin) -> None:
    session = begin()
    house(session)
    async with driving(session, size=(50, 16)) as me:
        await me.press("f2")
        await me.until(lambda: isinstance(me.pilot.app.screen, ConversationsScreen))
        await me.until(lambda: len(listed(me)) == 2)
        await me.pilot.press("f8")
        await me.until(lambda: len(listed(me)) == 1)
        await me.pilot.press("enter")
        await me.until(lambda: "Flour and water." in me.said)


async def test_a_list_that_is_told_of_news_before_it_is_up_has_them_once_it_is(begin: Begin) -> None:
    session = begin()
    house(session)
    async with driving(session) as me:
        screen = ConversationsScreen(session.store, me.chat.rows, me.chat)
        screen.look()
        await me.pilot.app.workers.wait_for_complete()
        await me.pilot.app.push_screen(screen)
        await me.until(lambda: len(listed(me)) == 2)


@pytest.mark.parametrize("keys", [("enter", "enter"), ("escape", "escape"), ("enter", "escape")])
async def test_keys_that_come_after_the_one_that_closed_the_list_do_nothing_there(
    begin: Begin, keys: tuple[str, str]
) -> None:
    session = begin()
    house(session)
    async with driving(session) as me:
        await me.send("/list")
        await me.until(lambda: isinstance(me.pilot.app.screen, ConversationsScreen))
        await me.until(lambda: len(listed(me)) == 2)
        for key in keys:  # both are there before the first is acted on
            me.pilot.app.post_message(events.Key(key, None))
        await me.until(lambda: me.pilot.app.screen is me.chat and me.chat.prompt.has_focus)
        await me.until(lambda: "escape" in keys or "It travels." in me.said)


@pytest.mark.parametrize("key", ["up", "down", "pageup", "pagedown"])
async def test_no_key_fails_where_the_list_has_no_room(begin: Begin, key: str) -> None:
    session = begin()
    house(session)
    async with driving(session, size=(80, 1)) as me:
        await me.send("/list")
        await me.until(lambda: isinstance(me.pilot.app.screen, ConversationsScreen))
        await me.until(lambda: len(listed(me)) == 2)
        await me.pilot.press(key, "escape")
        await me.until(lambda: me.pilot.app.screen is me.chat)


async def test_a_click_on_what_is_no_longer_listed_opens_nothing(begin: Begin) -> None:
    session = begin()
    house(session)
    async with driving(session, size=WIDE) as me:
        await me.until(lambda: len(listed(me)) == 2)
        options = me.chat.sidebar.query_one(OptionList)
        for at in (1, 2):  # others were found since, or fewer
            options.post_message(OptionList.OptionSelected(options, Option("gone"), at))
        await me.pilot.pause()
        assert me.chat.dialogue.id is None


async def test_a_search_that_finds_a_title_shows_it_once(begin: Begin) -> None:
    session = begin()
    house(session)
    async with driving(session, size=WIDE) as me:
        hits = {hit.conversation.title: hit for hit in session.store.search("about bread")}
        row = str(me.chat.rows.row(hits["About bread"], 80))
        assert row.count("About bread") == 1
        found = next(iter(session.store.search("flour")))
        assert "Flour and water." in str(me.chat.rows.row(found, 80))
