"""The window that a long conversation is read through."""

from __future__ import annotations

from collections.abc import Callable

from tests.tui.ui.conftest import Driver, driving
from tests.tui.ui.stored import many
from tui.core.session import Session
from tui.ui.widgets.entries import Answer, Question
from tui.ui.widgets.transcript import MOST, PAGE, STEP

Begin = Callable[..., Session]


def mounted(me: Driver) -> list[str]:
    """The questions and answers that are widgets now, by their texts, from the top."""
    chat = me.chat.transcript
    return [
        child._text if isinstance(child, Question) else child._prose._last.source
        for child in chat.children
        if isinstance(child, Question | Answer)
    ]


async def test_2000_messages_are_opened_at_their_end_with_few_widgets(begin: Begin) -> None:
    session = begin()
    async with driving(session, resume=many(session.store, 2000)) as me:
        assert mounted(me)[0] == f"question {1000 - PAGE // 2}" and mounted(me)[-1] == "answer 999"
        assert len(me.chat.dialogue.path) == 2000
        assert len(me.chat.query("*")) < 10 * PAGE
        assert f"{2000 - PAGE:,} earlier messages (PageUp loads more)" in me.said


async def page(me: Driver, key: str) -> None:
    """Press ``key`` as often as it takes to move the window."""
    before = mounted(me)
    while mounted(me) == before:
        await me.press(key)


async def test_the_window_moves_both_ways_and_never_grows_beyond_its_bound(begin: Begin) -> None:
    session = begin()
    async with driving(session, resume=many(session.store, 300), size=(80, 100)) as me:
        seen = set(mounted(me))
        while mounted(me)[0] != "question 0":
            top = mounted(me)[0]
            await page(me, "pageup")
            assert len(mounted(me)) <= MOST and top in mounted(me)
            seen |= set(mounted(me))
        assert len(seen) == 300 and "later messages (PageDown loads more)" in me.said
        assert "earlier messages" not in me.said
        while mounted(me)[-1] != "answer 149":
            last = mounted(me)[-1]
            await page(me, "pagedown")
            assert len(mounted(me)) <= MOST and last in mounted(me)
        assert "later messages" not in me.said


async def test_what_was_being_read_stays_in_sight_when_more_is_loaded(begin: Begin) -> None:
    session = begin()
    async with driving(session, resume=many(session.store, 100)) as me:
        transcript = me.chat.transcript
        transcript.release_anchor()
        transcript.scroll_home(animate=False)
        await me.until(lambda: transcript.scroll_y == 0)
        top = me.chat.query(Question)[0]
        await me.press("pageup")
        await me.until(lambda: len(mounted(me)) == PAGE + STEP)
        await me.until(lambda: transcript.scroll_y > 0)
        assert top.region.y == transcript.region.y


async def test_ctrl_end_and_a_question_go_to_the_end_from_anywhere(begin: Begin) -> None:
    session = begin()
    async with driving(session, resume=many(session.store, 120)) as me:
        for how in ("ctrl+end", "ask"):
            while mounted(me)[-1].endswith("59") or "Hello" in mounted(me):
                await page(me, "pageup")
            if how == "ask":
                await me.ask("Hello")
                assert mounted(me)[-2] == "Hello"
            else:
                await me.press(how)
                await me.until(lambda: mounted(me)[-1] == "answer 59")


async def test_an_answer_goes_on_while_its_end_is_out_of_the_window_and_is_whole_afterwards(
    begin: Begin,
) -> None:
    session = begin(mode="endless")
    async with driving(session, resume=many(session.store, 120)) as me:
        await me.send("/mode endless")
        await me.send("Write a very long story about a lighthouse, with many chapters.")
        await me.until(lambda: me.chat.presenter.meter.tokens > 3)
        while me.chat.presenter._answer.widget is not None:
            me.chat.transcript.release_anchor()
            me.chat.transcript.scroll_home(animate=False)
            await me.press("pageup")
        tokens = me.chat.presenter.meter.tokens
        await me.until(lambda: me.chat.presenter.meter.tokens > tokens + 5)
        await me.press("ctrl+end")
        await me.press("escape")
        await me.answered()
        assert mounted(me)[-1].strip() == me.chat.dialogue.path[-1].content.strip()
        assert me.said.endswith("stopped")
