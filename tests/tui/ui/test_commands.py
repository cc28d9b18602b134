"""Each slash command, typed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.widgets import Input, OptionList, Static

from modes.catalog import Catalog
from tests.tui.ui.conftest import driving
from tests.tui.ui.stored import thread
from tui.core.commands import COMMANDS, HIDDEN
from tui.core.session import Session
from tui.ui.app import ChatApp
from tui.ui.keys import key_name
from tui.ui.rows import age
from tui.ui.screens.commands import HANDLERS
from tui.ui.screens.conversations import ConversationsScreen
from tui.ui.screens.help import Help
from tui.ui.widgets.entries import Answer, Question

Begin = Callable[..., Session]


def test_every_command_has_a_handler_and_every_handler_a_command() -> None:
    assert set(HANDLERS) == {command.name for command in (*COMMANDS, *HIDDEN)}


async def test_a_mode_is_switched_at_once_and_for_good(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("Hello")
        await me.send("/mode legal")
        assert "mode: § legal" in me.said
        assert "no trained coefficients" not in me.said
        assert "§ legal" in me.status
        assert me.session.store.latest().mode == "legal"
        await me.send("/mode off")
        assert "○ base" in me.status


async def test_a_mode_says_what_it_lacks(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("/mode vision")
        assert "vision: no trained coefficients yet: prompt and sampling only" in me.said
        assert "No image can be read" in me.said


async def test_a_blend_shows_all_its_parts(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("/mode legal*0.7 + reasoning*0.3")
        assert "§ legal*0.7 + ∴ reasoning*0.3" in me.status


async def test_an_unknown_mode_names_the_nearest_and_changes_nothing(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("/mode legl")
        assert "did you mean legal" in me.said
        assert "• short" in me.status


async def test_mode_alone_lists_every_mode_with_what_it_is(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("/mode")
        for mode in me.session.catalog.modes.values():
            assert f"{mode.glyph} {mode.name}" in me.said and mode.description in me.said
        assert "(current)" in me.said


async def test_an_unknown_command_names_the_nearest_and_gives_the_line_back(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("/hepl")
        assert "did you mean help" in me.said
        assert me.chat.prompt.text == "/hepl"


async def test_two_slashes_send_a_text_that_begins_with_one(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("//etc is a folder")
        assert me.chat.dialogue.path[0].content == "/etc is a folder"


async def test_help_lists_every_command_and_key(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("/help")
        await me.pilot.pause()
        app = me.pilot.app
        assert isinstance(app, ChatApp)
        shown = app.screen
        assert isinstance(shown, Help)
        text = str(shown.query_one(Static).content)
        assert [command.usage for command in COMMANDS if command.usage not in text] == []
        for group in app.bound().values():
            for binding in group:
                assert all(key_name(key) in text for key in binding.key.split(","))
        await me.press("escape")
        assert me.pilot.app.screen is me.chat


async def test_list_finds_a_conversation_by_its_words_and_resumes_it(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("All about lighthouses")
        await me.send("/new")
        await me.ask("All about bread")
        await me.send("/new")
        assert "lighthouses" not in me.said and "bread" not in me.said
        await me.send("/list")
        await me.pilot.pause()
        assert isinstance(me.pilot.app.screen, ConversationsScreen)
        options = me.pilot.app.screen.query_one(OptionList)
        await me.until(lambda: options.option_count == 2)
        await me.pilot.press(*"lightho")
        await me.until(lambda: options.option_count == 1)
        await me.press("enter")
        await me.until(lambda: "All about lighthouses" in me.said)
        assert me.chat.query(Answer)


async def test_escape_leaves_the_list_as_if_nothing_had_been(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("All about bread")
        await me.send("/list")
        await me.pilot.pause()
        me.pilot.app.screen.query_one(Input)
        await me.press("escape")
        await me.pilot.pause()
        assert me.pilot.app.screen is me.chat and "All about bread" in me.said


async def test_resume_takes_an_id_or_words_and_uses_the_conversations_mode(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("All about lighthouses")
        await me.send("/mode legal")
        first = me.session.store.latest().id
    async with driving(begin(), resume=first) as me:
        assert "All about lighthouses" in me.said and "§ legal" in me.status
    async with driving(begin()) as me:
        await me.send(f"/resume {first[:8]}")
        assert "All about lighthouses" in me.said
        await me.send("/resume nothing-like-this")
        assert "none has these words" in me.said


async def test_a_conversation_whose_mode_is_gone_goes_on_in_base_and_says_so(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("Hello")
    session = begin(mode="legal")
    session.catalog = Catalog.load(None)
    async with driving(session, resume=session.store.latest().id) as me:
        assert "no mode is called 'short'" in me.said and "going on in base" in me.said
        assert "○ base" in me.status


async def test_regenerate_puts_another_answer_beside_the_first(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("Hello")
        question, first = me.chat.dialogue.path
        await me.send("/regenerate")
        await me.answered()
        assert me.session.store.children(question.id, "")[0].id == first.id
        assert len(me.session.store.children(question.id, "")) == 2
        assert len(me.chat.query(Answer)) == 1 and len(me.chat.query(Question)) == 1


async def test_an_edited_question_is_a_branch_and_replaces_what_is_shown(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("First")
        await me.ask("Helo")
        parent = me.chat.dialogue.path[1].id
        await me.send("/edit")
        assert me.chat.prompt.text == "Helo" and "editing" in me.status
        await me.ask("Hello")
        assert [node.content for node in me.session.store.children(parent, "")] == ["Helo", "Hello"]
        assert "Helo " not in f"{me.said} " and "Hello" in me.said
        assert len(me.chat.query(Question)) == 2


async def test_escape_leaves_an_edit(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("First")
        await me.send("/edit")
        await me.press("escape")
        assert me.chat.prompt.text == "" and not me.chat.dialogue.editing


async def test_a_fork_goes_on_from_here_and_leaves_the_other_as_it_was(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("First")
        origin = me.talk
        await me.send("/fork")
        await me.ask("Second")
        store = me.session.store
        assert me.talk != origin
        assert len(thread(store, origin)) == 2
        assert len(thread(store, me.talk)) == 4


async def test_a_title_is_kept(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("First")
        await me.send("/title Towers of light")
        assert me.session.store.latest().title == "Towers of light"


NEEDS_ONE = ("regenerate", "edit", "fork", "rename x", "title x", "stop", "version", "copy", "copy code")


@pytest.mark.parametrize("command", [*NEEDS_ONE, "delete", "undo", "export"])
async def test_a_command_that_needs_a_conversation_says_so_when_there_is_none(
    begin: Begin, command: str
) -> None:
    async with driving(begin()) as me:
        await me.send(f"/{command}")
        await me.until(lambda: "error: there is no" in me.said)
        assert me.session.store.latest() is None


async def test_quit_leaves(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("/quit")
        await me.until(lambda: not me.pilot.app.is_running)


def test_ages_are_told_in_the_largest_whole_unit() -> None:
    assert [age(s) for s in (5, 61, 7200, 90000, 86400 * 40, 86400 * 800)] == [
        "now",
        "1 min",
        "2 h",
        "1 d",
        "1 mo",
        "2 y",
    ]
