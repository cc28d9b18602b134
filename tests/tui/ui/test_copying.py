"""What goes to the clipboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.tui.ui.conftest import driving
from tests.tui.ui.stored import fill
from tui.core.session import Session
from tui.ui.copying import code_blocks

Begin = Callable[..., Session]

FIRST = "Some code:\n\n```python\nprint(1)\n```\n\nand more:\n\n~~~\nls\n~~~\n"
SECOND = "No code here, but *this*."


def test_code_is_found_fenced_and_indented_and_while_it_is_still_open() -> None:
    assert code_blocks(FIRST) == ["print(1)\n", "ls\n"]
    assert code_blocks("text\n\n    x = 1\n") == ["x = 1\n"]
    assert code_blocks("```\nopen") == ["open"]


@pytest.mark.parametrize(
    ("command", "copied"),
    [
        ("/copy", SECOND),
        ("/copy 2", FIRST.strip()),
        ("/copy code", "ls\n"),
        ("/copy 2 code", "ls\n"),
    ],
)
async def test_copy_sends_what_was_written_to_the_clipboard(begin: Begin, command: str, copied: str) -> None:
    session = begin()
    async with driving(session, resume=fill(session.store, ("a", FIRST), ("b", SECOND))) as me:
        await me.send(command)
        assert me.pilot.app.clipboard == copied


async def test_keys_copy_the_last_answer_and_the_last_code(begin: Begin) -> None:
    session = begin()
    async with driving(session, resume=fill(session.store, ("a", FIRST), ("b", SECOND))) as me:
        await me.press("f3")
        await me.until(lambda: me.pilot.app.clipboard == SECOND)
        await me.press("f4")
        await me.until(lambda: me.pilot.app.clipboard == "ls\n")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("/copy 9", "there is no answer 9: 1 is the last one, 2 the first"),
        ("/copy 1 code", "there is no block of code in that answer"),
        ("/copy that", "what is to be copied? /copy [N] [code], not /copy that"),
        ("/copy 0", "there is no answer 0: 1 is the last one, 2 the first"),
        (f"/copy {'9' * 5000}", "what is to be copied? /copy [N] [code], not /copy 999"),
    ],
)
async def test_copying_what_is_not_there_says_what_is(begin: Begin, command: str, told: str) -> None:
    session = begin()
    async with driving(session, resume=fill(session.store, ("a", FIRST), ("b", SECOND))) as me:
        await me.send(command)
        assert told in me.said and me.pilot.app.clipboard == ""
