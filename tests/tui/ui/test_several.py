"""Several conversations at once: each answer goes on wherever the operator is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.tui.ui.conftest import Driver, driving
from tests.tui.ui.stored import thread
from tests.tui.ui.test_chat import LONG
from tui.core.conversation import Node
from tui.core.session import Session
from tui.core.store import StoreError
from tui.ui.live import Live
from tui.ui.widgets.entries import Answer, Question

Begin = Callable[..., Session]

OTHER = "Write a very long story about a river, with many chapters."


async def both(me: Driver) -> tuple[str, str]:
    """Two endless answers under way; the ids of their conversations, the second one in front."""
    ids: list[str] = []
    for question in (LONG, OTHER):
        await me.send("/new")
        await me.send(question)
        await me.until(lambda: me.chat.presenter.meter.tokens > 3)
        ids.append(me.talk)
    return ids[0], ids[1]


def end_of(me: Driver, conversation: str) -> Node:
    return thread(me.session.store, conversation)[-1]


async def test_two_conversations_answer_at_once_and_both_are_saved(begin: Begin) -> None:
    session = begin(mode="endless")
    async with driving(session) as me:
        first, second = await both(me)
        assert first != second
        assert [me.chat.desk.sign(one) for one in (first, second)] == ["writing", "writing"]
        assert "1 more writing" in me.status
    for one in (first, second):
        assert end_of(me, one).status == "stopped" and end_of(me, one).content


async def test_closing_waits_for_all_answers_while_the_screen_takes_the_ended_ones_out(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driving(begin(mode="endless")) as me:
        first, second = await both(me)
        join, out = Live.join, []

        def joined(live: Live, seconds: float) -> None:
            join(live, seconds)
            end = time.monotonic() + 30
            while live in me.chat.desk._live.values() and time.monotonic() < end:
                time.sleep(0.01)
            out.append(live.dialogue.id)

        monkeypatch.setattr(Live, "join", joined)
        await asyncio.to_thread(me.chat.desk.close)
        assert out == [first, second]
        assert {end_of(me, one).status for one in (first, second)} == {"stopped"}


async def test_stopping_one_answer_leaves_the_other_alone(begin: Begin) -> None:
    async with driving(begin(mode="endless")) as me:
        first, second = await both(me)
        await me.press("escape")
        await me.answered()
        assert end_of(me, second).status == "stopped"
        assert me.chat.desk.sign(first) == "writing" and end_of(me, first).status == "streaming"


async def test_an_answer_that_was_left_is_found_growing_with_its_text_and_can_be_stopped(
    begin: Begin,
) -> None:
    async with driving(begin(mode="endless")) as me:
        first, _ = await both(me)
        before = me.chat.desk._live[first].meter.tokens
        await me.until(lambda: me.chat.desk._live[first].meter.tokens > before + 5)
        await me.send(f"/resume {first}")
        assert "lighthouse" in me.said and "river" not in me.said
        assert me.chat.presenter.meter.tokens > before
        grown = me.chat.dialogue.path[-1].content
        assert " ".join(grown.split()[:3]) in me.said
        await me.until(lambda: len(me.chat.dialogue.path[-1].content) > len(grown) + 20)
        await me.press("escape")
        await me.answered()
        assert end_of(me, first).content == me.chat.dialogue.path[-1].content
        last = end_of(me, first).content.split()[-1]
        assert last in me.said and me.said.endswith("stopped")
        assert len(me.chat.query(Answer)) == len(me.chat.query(Question)) == 1


async def test_an_answer_that_ends_behind_is_new_until_it_is_looked_at(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.loaded()
        await me.send("All about lighthouses")
        first = me.talk
        await me.send("/new")
        await me.until(lambda: me.chat.desk.sign(first) == "new answer")
        assert "1 new" in me.status
        await me.send(f"/resume {first}")
        assert me.chat.desk.sign(first) == ""
        assert end_of(me, first).content.strip() in me.said


async def test_within_one_conversation_there_is_one_answer_at_a_time(begin: Begin) -> None:
    async with driving(begin(mode="endless")) as me:
        await me.send(LONG)
        await me.until(lambda: me.chat.presenter.meter.tokens > 3)
        await me.send("And then?")
        assert me.chat.prompt.text == "And then?" and "an answer is under way here" in me.said
        me.chat.prompt.clear()
        for command in ("/regenerate", "/edit", "/fork"):
            await me.send(command)
        assert me.said.count("stop it first") == 3


async def test_who_has_to_wait_for_a_slot_is_told_so(begin: Begin) -> None:
    async with driving(begin(mode="endless")) as me:
        await me.loaded()
        slots = me.session.loader.engine.info.slots
        for number in range(slots):
            await me.send("/new")
            await me.send(f"{LONG} ({number})")
            await me.until(lambda: me.chat.presenter.meter.tokens > 0)
        await me.send("/new")
        await me.send(OTHER)
        await me.until(lambda: "waiting:" in me.status)
        await me.press("escape")
        await me.answered()


async def test_an_answer_that_cannot_be_saved_behind_is_still_there_to_be_read(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driving(begin()) as me:
        await me.loaded()

        def full(*_: Any, **__: Any) -> None:
            raise StoreError("the disk is full: free some space")

        monkeypatch.setattr(me.session.store, "finish_answer", full)
        await me.send("All about lighthouses")
        first = me.talk
        await me.send("/new")
        await me.until(lambda: me.chat.desk.sign(first) == "new answer")
        await me.send(f"/resume {first}")
        answer = me.chat.dialogue.path[-1]
        assert answer.status == "length" and answer.content.strip() in me.said


async def test_a_question_that_could_not_be_stored_comes_back_wherever_one_is(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driving(begin()) as me:
        await me.loaded()

        def full(*_: Any) -> None:
            raise StoreError("the disk is full: free some space")

        monkeypatch.setattr(me.session.store, "add_question", full)
        me.chat.prompt.put("A question")
        await me.press("enter")
        me.chat.desk.new()
        await me.until(lambda: me.chat.prompt.text == "A question")
        assert "the disk is full" in me.said
