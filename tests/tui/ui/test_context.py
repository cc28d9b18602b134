"""What is said of the context, and of what a conversation lacks."""

from __future__ import annotations

from collections.abc import Callable

from tests.tui.ui.conftest import driving
from tests.tui.ui.stored import fill
from tui.core.context import Split
from tui.core.conversation import Provenance
from tui.core.session import Session
from tui.ui.widgets.entries import Answer
from tui.ui.wording import context_lines

Begin = Callable[..., Session]


def test_a_bar_shows_each_share_by_its_letter() -> None:
    bar, *rows = context_lines(Split(100, 0, 300, 800, hidden=4), 16)
    assert bar == "[sshhhhhh........]"
    assert [row.split()[0] for row in rows] == ["system", "memory", "history", "free", "in", "the"]
    assert "400 tokens   50%" in rows[3]


def test_what_has_grown_since_the_count_is_history() -> None:
    assert Split(100, 10, 300, 800).grown(500) == Split(100, 10, 390, 800)
    assert Split(100, 10, 300, 800).grown(None).free == 390


async def test_the_context_is_counted_for_an_opened_conversation_and_told_in_full(begin: Begin) -> None:
    session = begin()
    conversation = fill(session.store, ("Why?", "Because of the light. " * 40))
    session.store.set_mode(conversation, "legal")
    async with driving(session, resume=conversation, size=(160, 30)) as me:
        await me.until(lambda: "system" in me.status)
        split = me.chat.counting.split
        assert split.system > 20 and split.history > 200 and split.used + split.free == split.context
        assert f"history {split.history:,}, free {split.free:,}" in me.status
        await me.send("/context")
        assert f"history {split.history:,} tokens" in me.said and "[s" in me.said


async def test_an_answer_of_another_model_is_told_and_gone_on_with(begin: Begin) -> None:
    session = begin()
    conversation = session.store.create("short")
    question = session.store.add_question(conversation.id, None, "Hello")
    other = Provenance("Other-7B", "f" * 64, "short", "1")
    answer = session.store.begin_answer(conversation.id, question.id, other)
    session.store.finish_answer(answer.id, text="Hi.", thinking="", status="done", usage=None)
    async with driving(session) as me:
        await me.loaded()
        session.loader.engine.fingerprint(wait=True)
        await me.send(f"/resume {conversation.id}")
        assert "this was written by Other-7B, which is not loaded" in me.said
        await me.ask("Go on")
        assert len(me.chat.dialogue.path) == 4


async def test_thinking_is_counted_against_its_budget(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("Hello")
        answer = me.chat.query_one(Answer)
        await answer.write("", "first thought")
        answer.count_thinking(120, 512)
        await me.until(lambda: "thinking… 120 of 512 tokens" in me.said)
