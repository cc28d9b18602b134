"""The screen with the real model, the real store, and a person at the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events

from tests.tui.ui.conftest import Driver, driving
from tests.tui.ui.stored import fill, thread
from tui.core.conversation import Node
from tui.core.session import Session
from tui.core.store import StoreError
from tui.ui.screens.help import Help
from tui.ui.widgets.entries import Answer

Begin = Callable[..., Session]

LONG = "Write a very long story about a lighthouse, with many chapters."


async def test_an_answer_is_streamed_shown_and_stored_with_its_mode(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("What is a lighthouse?")
        question, answer = thread(me.session.store)
        assert question.content == "What is a lighthouse?"
        assert answer.content and answer.status == "length" and answer.provenance.mode == "short"
        assert answer.content.strip() in me.said
        assert "you" in me.said and "• short" in me.said
        assert "cut off: the mode's limit of tokens is reached" in me.said
        assert "idle" in me.status and "first" in me.status and "write" in me.status


async def test_a_second_question_follows_the_first_answer(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("One.")
        await me.ask("Two.")
        path = thread(me.session.store)
        assert [node.role for node in path] == ["user", "assistant", "user", "assistant"]


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_stopping_keeps_what_there_is_of_the_answer(begin: Begin, key: str) -> None:
    async with driving(begin(mode="endless")) as me:
        await me.send(LONG)
        await me.until(lambda: me.chat.presenter.meter.tokens > 5)
        await me.press(key)
        await me.answered()
        answer = thread(me.session.store)[-1]
        assert answer.status == "stopped" and answer.content
        assert me.said.endswith("stopped")


async def test_a_stop_before_the_model_has_begun_is_not_lost(begin: Begin) -> None:
    async with driving(begin(mode="endless")) as me:
        await me.loaded()
        await me.send(LONG)
        me.chat.action_stop()
        await me.answered()
        assert me.chat.presenter.meter.tokens == 0 or me.said.endswith("stopped")


async def test_a_model_that_is_missing_is_told_and_stays_told_while_the_store_is_read(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("Remember the lighthouse.")
    async with driving(begin(model=Path("/nowhere/gone.gguf"))) as me:
        await me.until(lambda: "gone.gguf" in me.said)
        assert "no model" in me.status
        await me.send("Hello?")
        assert me.chat.prompt.text == "Hello?"
        await me.send("/resume lighthouse")
        await me.until(lambda: "Remember the lighthouse." in me.said)
        assert "gone.gguf" in me.said


async def test_a_question_that_cannot_be_stored_stays_in_the_prompt_and_says_why(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driving(begin()) as me:
        await me.loaded()

        def full(*_: Any) -> None:
            raise StoreError("the disk is full: free some space")

        monkeypatch.setattr(me.session.store, "add_question", full)
        await me.send("A question\nof two lines")
        await me.until(lambda: me.chat.prompt.text == "A question\nof two lines")
        assert "the disk is full: free some space" in me.said
        assert "A question" not in me.said


async def test_an_answer_that_cannot_be_saved_says_so_for_good(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driving(begin()) as me:

        def full(*_: Any, **__: Any) -> None:
            raise StoreError("the disk is full: free some space")

        monkeypatch.setattr(me.session.store, "finish_answer", full)
        await me.ask("Hello")
        assert "not saved: the disk is full" in me.said


async def test_markup_of_a_question_is_shown_as_it_is_and_control_sequences_are_not(
    begin: Begin,
) -> None:
    async with driving(begin()) as me:
        text = "[red]x[/red] <think> \x1b[31mred\x1b[0m \x1b]0;title\x07end \u202eevil"
        await me.ask(text)
        assert "[red]x[/red] <think> red end evil" in me.said
        assert "\x1b" not in me.transcript and "\u202e" not in me.transcript


async def test_markup_and_angle_brackets_of_an_answer_are_shown_as_they_are(begin: Begin) -> None:
    async with driving(begin()) as me:
        answer = await growing(me)
        for piece in ("[red]x[/red]\n\n", "<think>\n\nand <b>", "bold</b>\n\n```\n[i]", "code[/i]\n"):
            await answer.write(piece, "")
        answer.end("")
        await me.until(lambda: "code" in me.said)
        for shown in ("[red]x[/red]", "<think>", "and <b>bold</b>", "[i]code[/i]"):
            assert shown in me.said


async def test_what_an_address_or_a_number_hides_does_not_steer_the_terminal(begin: Begin) -> None:
    answer = "\n\n".join(
        (
            "See http://a.org/%1b%5d0;owned%07 and www.b.org/%c2%9b2J",
            "- <http://c.org/%1b[31m>\n- ![<http://d.org/%1b>](e)",
            "| table |\n| --- |\n| http://f.org/%1b |",
            "user&#x202e;gnp.exe",
        )
    )
    session = begin(model=Path("/nowhere/gone.gguf"))
    async with driving(session, resume=fill(session.store, ("Where?", answer))) as me:
        assert "See http://a.org/ and www.b.org/2J" in me.said and "usergnp.exe" in me.said
        assert not [each for each in me.transcript if each in "\x1b\x07\x9b\u202e"]


async def growing(me: Driver) -> Answer:
    node = Node("a", None, "c", "assistant", "", 0.0, status="streaming")
    item = await me.chat.transcript.answer(lambda: node)
    assert isinstance(item.widget, Answer)
    return item.widget


async def test_thinking_is_folded_until_it_is_asked_for(begin: Begin) -> None:
    async with driving(begin()) as me:
        answer = await growing(me)
        await answer.write("", "first thought\nsecond")
        await me.pilot.pause()
        assert "thinking… 2 lines" in me.said and "first thought" not in me.said
        await me.press("ctrl+t")
        await me.pilot.pause()
        assert "first thought" in me.said


async def test_type_ahead_is_neither_lost_nor_mixed_with_what_was_sent(begin: Begin) -> None:
    async with driving(begin()) as me:
        me.chat.prompt.post_message(events.Key("a", "a"))
        me.chat.prompt.post_message(events.Key("enter", "\r"))
        me.chat.prompt.post_message(events.Key("b", "b"))
        await me.until(lambda: me.chat.prompt.text == "b")
        await me.answered()
        assert me.chat.dialogue.path[0].content == "a"


async def test_a_paste_of_several_lines_and_new_lines_stay_one_message(begin: Begin) -> None:
    async with driving(begin()) as me:
        me.pilot.app.post_message(events.Paste("one\ntwo"))
        await me.pilot.pause()
        await me.pilot.press("ctrl+j", "x")
        assert me.chat.prompt.size.height == 3
        await me.press("enter")
        await me.answered()
        assert me.chat.dialogue.path[0].content == "one\ntwo\nx"
        await me.press("up")
        await me.pilot.pause()
        assert me.chat.prompt.text == "one\ntwo\nx"


async def test_a_tiny_terminal_and_resizing_in_mid_stream_do_no_harm(begin: Begin) -> None:
    async with driving(begin(mode="endless"), size=(20, 5)) as me:
        await me.send(LONG)
        await me.until(lambda: me.chat.presenter.meter.tokens > 3)
        for size in ((200, 50), (10, 3), (80, 24)):
            await me.pilot.resize_terminal(*size)
            await me.pilot.pause()
        await me.press("escape")
        await me.answered()
        assert me.chat.query_one(Answer).size.width > 60


async def test_ctrl_c_at_rest_asks_once_and_then_leaves(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.loaded()
        await me.press("ctrl+c")
        assert "Ctrl+C again leaves" in me.status and me.pilot.app.is_running
        await me.press("ctrl+c")
        await me.until(lambda: not me.pilot.app.is_running)


async def test_ctrl_c_copies_what_is_selected_in_the_prompt_once_and_then_leaves(begin: Begin) -> None:
    async with driving(begin(model=Path("/nowhere/gone.gguf"))) as me:
        me.chat.prompt.insert("some words")
        me.chat.prompt.select_all()
        await me.press("ctrl+c")
        assert me.pilot.app.clipboard == me.chat.prompt.text == "some words"
        await me.press("ctrl+c")
        await me.press("ctrl+c")
        await me.until(lambda: not me.pilot.app.is_running, 5)


async def test_leaving_in_mid_answer_keeps_what_there_is(begin: Begin) -> None:
    session = begin(mode="endless")
    async with driving(session) as me:
        await me.send(LONG)
        await me.until(lambda: me.chat.presenter.meter.tokens > 5)
        await me.press("ctrl+q")
    answer = thread(session.store)[-1]
    assert answer.status == "stopped" and answer.content


async def test_ascii_only_means_no_other_sign_on_the_screen(begin: Begin) -> None:
    async with driving(begin(ascii=True)) as me:
        await me.loaded()
        await me.ask("Hello")
        await me.send("/mode")
        await me.pilot.pause()
        assert "B base" in me.transcript and "> you" in me.transcript
        assert drawn(me).isascii()
        await me.send("/help")
        await me.until(lambda: isinstance(me.pilot.app.screen, Help))
        assert "regenerate" in drawn(me) and drawn(me).isascii()


def drawn(me: Driver) -> str:
    return "".join(strip.text for strip in me.pilot.app.screen._compositor.render_strips())
