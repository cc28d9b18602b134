"""Going between the versions of a question or an answer."""

from __future__ import annotations

from collections.abc import Callable

from tests.tui.ui.conftest import driving
from tests.tui.ui.stored import add_answer, fill, thread
from tui.core.session import Session
from tui.core.store import Store
from tui.ui.widgets.entries import Role

Begin = Callable[..., Session]


def three(store: Store) -> str:
    """A question with the answers one, two and three; the conversation stands at the last."""
    conversation = fill(store, ("How many?", "one"))
    question = thread(store, conversation)[0].id
    for text in ("two", "three"):
        add_answer(store, conversation, question, text)
    return conversation


async def test_commands_and_keys_go_from_version_to_version(begin: Begin) -> None:
    session = begin()
    async with driving(session, resume=three(session.store)) as me:
        assert "‹ 3/3 ›" in me.said and "three" in me.said
        await me.send("/version previous")
        assert "‹ 2/3 ›" in me.said and "two" in me.said and "three" not in me.said
        await me.press("alt+left")
        await me.until(lambda: "1/3" in me.said)
        await me.press("alt+right")
        await me.until(lambda: "2/3" in me.said)
        await me.send("/version 3")
        assert "3/3" in me.said
        await me.send("/version next")
        assert "there is no such version: this is 3/3" in me.said
        await me.send("/version some")
        assert "which version?" in me.said
        await me.send(f"/version {'9' * 5000}")
        assert "which version? previous, next or a number, not 999" in me.said
        await me.send(f"/version 1 {'9' * 5000}")
        assert "there is no place 999" in me.said


async def test_a_version_is_kept_as_the_place_to_go_on_from(begin: Begin) -> None:
    session = begin()
    conversation = three(session.store)
    async with driving(session, resume=conversation) as me:
        await me.send("/version 1")
        await me.ask("And then?")
        assert [node.content for node in me.chat.dialogue.path[:3]] == ["How many?", "one", "And then?"]
    async with driving(begin(), resume=conversation) as me:
        assert "And then?" in me.said and "1/3" in me.said


async def test_another_version_comes_with_what_followed_it(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("Helo")
        await me.ask("Second")
        me.chat.dialogue._edited = me.chat.dialogue.path[0]
        await me.ask("Hello")
        assert "you ‹ 2/2 ›" in me.said and "Second" not in me.said
        await me.send("/version 1")
        assert "you ‹ 1/2 ›" in me.said and "Second" in me.said


async def test_version_alone_lists_the_places_and_one_of_them_can_be_named(begin: Begin) -> None:
    session = begin()
    conversation = three(session.store)
    store = session.store
    place = store.get(conversation)
    question = store.add_question(conversation, place.head, "Next?").id
    for text in ("yes", "no"):
        add_answer(store, conversation, question, text)
    async with driving(session, resume=conversation) as me:
        await me.send("/version")
        assert "1: answer 2/2 no" in me.said and "2: answer 3/3 three" in me.said
        await me.send("/version 1 2")
        assert "1/3" in me.said and "Next?" not in me.said


async def test_a_click_on_the_number_goes_on(begin: Begin) -> None:
    session = begin()
    async with driving(session, resume=three(session.store)) as me:
        role = list(me.chat.query(Role))[-1]
        await me.pilot.click(role, offset=(str(role.content).index("‹"), 0))
        await me.until(lambda: "2/3" in me.said)
        role = list(me.chat.query(Role))[-1]
        await me.pilot.click(role, offset=(str(role.content).index("›"), 0))
        await me.until(lambda: "3/3" in me.said)
