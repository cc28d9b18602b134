"""Terminals that are tiny, resized while an answer comes, without UTF-8 or without colour."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.widgets import OptionList

from tests.tui.ui.conftest import Driver, driving
from tests.tui.ui.stored import add_answer, fill, thread
from tests.tui.ui.test_chat import LONG, drawn
from tui.core.session import Session

Begin = Callable[..., Session]

TEXT = (
    "A list:\n\n- one\n- two\n  - nested\n\n```python\nprint('x')\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
)

EVERYTHING = ("/context", "/version", "/version previous", "/copy", "/copy code", "/rename x", "/sidebar")


def talked(session: Session) -> str:
    conversation = fill(session.store, ("How?", TEXT), ("And then?", "Nothing."))
    add_answer(session.store, conversation, thread(session.store, conversation)[-2].id, TEXT)
    return conversation


@pytest.mark.parametrize("size", [(20, 5), (10, 3), (80, 24), (200, 50)])
async def test_every_command_can_be_given_at_every_size(begin: Begin, size: tuple[int, int]) -> None:
    session = begin()
    async with driving(session, resume=talked(session), size=size) as me:
        for command in (*EVERYTHING, "/delete", "/undo"):
            await me.send(command)
        await me.press("f2")
        await me.pilot.press("escape")
        await me.press("pageup")
        await me.press("ctrl+end")
        assert me.pilot.app.is_running and me.chat.dialogue.path


async def more(me: Driver) -> None:
    """Wait for another token."""
    tokens = me.chat.presenter.meter.tokens
    await me.until(lambda: me.chat.presenter.meter.tokens > tokens)


async def test_two_answers_go_on_while_the_terminal_changes(begin: Begin) -> None:
    async with driving(begin(mode="endless"), size=(120, 30)) as me:
        await me.send(LONG)
        await me.until(lambda: me.chat.presenter.meter.tokens > 3)
        await me.send("/new")
        await me.send(LONG)
        await me.until(lambda: me.chat.presenter.meter.tokens > 3)
        for size in ((20, 5), (200, 50), (59, 9), (80, 24)):
            await me.pilot.resize_terminal(*size)
            await more(me)
        assert "1 more writing" in me.status


async def test_all_of_it_is_ascii_where_nothing_else_can_be_shown(begin: Begin) -> None:
    session = begin(ascii=True)
    async with driving(session, resume=talked(session), size=(120, 60)) as me:
        await me.until(lambda: "How?" in sidebar_rows(me))
        for command in EVERYTHING[:-1]:
            await me.send(command)
        assert "< 1/2 >" in me.said
        assert drawn(me).isascii()


def sidebar_rows(me: Driver) -> str:
    options = me.chat.sidebar.query_one(OptionList)
    return str([options.get_option_at_index(at).prompt for at in range(options.option_count)])


async def test_without_colour_what_is_happening_is_told_in_words(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driving(begin(mode="endless"), size=(120, 30)) as me:
        await me.send(LONG)
        await me.until(lambda: "writing" in sidebar_rows(me) and "› " in sidebar_rows(me))
