"""Writing: what was sent comes back, an editor may be used, nothing typed is lost."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual import events

from tests.tui.ui.conftest import driving
from tests.tui.ui.stored import fill
from tui.core.session import Session
from tui.ui.app import ChatApp

Begin = Callable[..., Session]


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a program that is the operator's editor; its first argument is the file."""

    @contextmanager
    def lent(_app: ChatApp) -> Iterator[None]:
        yield  # a test has no terminal to lend

    monkeypatch.setattr(ChatApp, "suspend", lent)
    monkeypatch.delenv("VISUAL", raising=False)

    def make(script: str) -> None:
        program = tmp_path / "editor"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("EDITOR", str(program))

    return make


async def test_up_recalls_what_was_sent_and_down_comes_back_to_the_draft(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("/mode legal")
        await me.send("/mode off")
        me.chat.prompt.insert("a draft")
        for key, text in (
            ("up", "/mode off"),
            ("up", "/mode legal"),
            ("up", "/mode legal"),
            ("down", "/mode off"),
            ("down", "a draft"),
        ):
            await me.press(key)
            assert me.chat.prompt.text == text


async def test_a_beginning_recalls_what_goes_on_from_it(begin: Begin) -> None:
    async with driving(begin()) as me:
        for line in ("/mode legal", "/theme light", "/mode off"):
            await me.send(line)
        me.chat.prompt.put("/th")
        await me.press("ctrl+up")
        assert me.chat.prompt.text == "/theme light"
        await me.press("ctrl+down")
        assert me.chat.prompt.text == "/th"


async def test_up_moves_within_several_lines_before_it_recalls(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("/mode off")
        me.chat.prompt.put("one\ntwo")
        await me.press("up")
        assert me.chat.prompt.text == "one\ntwo" and me.chat.prompt.cursor_location[0] == 0
        await me.press("up")
        assert me.chat.prompt.text == "/mode off"
        await me.press("down")
        assert me.chat.prompt.text == "one\ntwo"


async def test_the_next_session_recalls_it_too_unless_history_is_off(begin: Begin, tmp_path: Path) -> None:
    async with driving(begin()) as me:
        await me.send("/mode legal")
    async with driving(begin()) as me:
        await me.press("up")
        assert me.chat.prompt.text == "/mode legal"
    (tmp_path / "history.jsonl").unlink()
    async with driving(begin(history=False)) as me:
        await me.send("/mode legal")
        await me.press("up")
        assert me.chat.prompt.text == "/mode legal"
    assert not (tmp_path / "history.jsonl").exists()


async def test_a_history_that_cannot_be_written_is_told_and_stops_nothing(
    begin: Begin, tmp_path: Path
) -> None:
    async with driving(begin(), size=(200, 24)) as me:
        (tmp_path / "history.jsonl").mkdir()
        await me.send("/mode legal")
        assert "history.jsonl: not a file" in me.said and "§ legal" in me.status


async def test_keys_typed_ahead_act_in_their_order(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("/mode legal")
        await me.send("/mode off")
        for key in ("up", "up", "enter", "x"):
            me.chat.prompt.post_message(events.Key(key, {"enter": "\r", "x": "x"}.get(key)))
        await me.until(lambda: "§ legal" in me.status)
        assert me.chat.prompt.text == "x"


async def test_a_draft_stays_with_its_conversation(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.ask("All about bread")
        first = me.chat.dialogue.conversation.id[:8]
        me.chat.prompt.post_message(events.Paste("about bread"))
        await me.until(lambda: me.chat.prompt.text)
        me.chat.prompt.call("/new")
        await me.until(lambda: not me.chat.prompt.text)
        me.chat.prompt.insert("new")
        me.chat.prompt.call(f"/resume {first}")
        await me.until(lambda: me.chat.prompt.text == "about bread")
        me.chat.prompt.call("/new")
        await me.until(lambda: me.chat.prompt.text == "new")


@pytest.mark.parametrize("end", ["enter", "escape"])
async def test_a_draft_comes_back_after_an_edit(begin: Begin, end: str) -> None:
    session = begin()
    async with driving(session, resume=fill(session.store, ("All about bread", "Yes."))) as me:
        await me.loaded()
        me.chat.prompt.insert("a draft")
        me.chat.prompt.call("/edit")
        await me.until(lambda: me.chat.prompt.text == "All about bread")
        me.chat.prompt.call("/edit")
        await me.until(lambda: me.chat.prompt.text == "All about bread")
        await me.press(end)
        await me.answered()
        assert me.chat.prompt.text == "a draft"


async def test_a_draft_survives_a_command_that_is_begun_in_its_place_and_not_sent(begin: Begin) -> None:
    session = begin(model=Path("/nowhere/gone.gguf"))
    first, second = (fill(session.store, (text, "Yes.")) for text in ("Bread", "Wine"))
    async with driving(session, resume=first) as me:
        me.chat.prompt.insert("about bread")
        me.chat.prompt.call("/rename ")
        me.chat.prompt.call("/title ")
        me.chat.prompt.call(f"/resume {second}")
        await me.until(lambda: me.chat.dialogue.id == second)
        assert me.chat.prompt.text == ""
        await me.send("/mode legal")
        assert me.chat.prompt.text == ""
        await me.send(f"/resume {first}")
        await me.until(lambda: me.chat.prompt.text == "about bread")


async def test_what_is_typed_while_the_first_question_is_answered_stays(begin: Begin) -> None:
    async with driving(begin()) as me:
        await me.send("All about bread")
        me.chat.prompt.insert("and then")
        await me.answered()
        assert me.chat.prompt.text == "and then"


async def test_a_paste_of_a_megabyte_is_folded_at_once_and_sent_whole(begin: Begin) -> None:
    text = "a line of words\n" * 65_536
    async with driving(begin()) as me:
        await me.loaded()
        began = time.perf_counter()
        me.chat.prompt.insert("See: ")
        me.pilot.app.post_message(events.Paste(text))
        await me.until(lambda: "pasted" in me.chat.prompt.text)
        assert me.chat.prompt.text == "See: [pasted 1: 65,537 lines, 1,048,576 characters]"
        assert time.perf_counter() - began < 5
        await me.press("enter")
        await me.answered()
        assert me.chat.dialogue.path[0].content == "See: " + text
        assert "more characters, not shown here: all was sent" in me.said
        assert "failed: the prompt is" in me.said


async def test_a_long_text_that_is_given_back_is_folded_and_still_whole(begin: Begin) -> None:
    text = "x" * 100_000
    async with driving(begin(model=Path("/nowhere/gone.gguf"))) as me:
        await me.until(lambda: "gone.gguf" in me.said)
        me.pilot.app.post_message(events.Paste(text))
        await me.until(lambda: me.chat.prompt.text)
        await me.press("enter")
        await me.until(lambda: me.chat.prompt.text)
        assert len(me.chat.prompt.text) < 80 and me.chat.prompt.written == text


async def test_a_paste_from_elsewhere_keeps_its_lines(begin: Begin) -> None:
    async with driving(begin()) as me:
        me.pilot.app.post_message(events.Paste("one\r\ntwo\rthree"))
        await me.until(lambda: me.chat.prompt.text == "one\ntwo\nthree")


async def test_what_steers_a_terminal_comes_into_the_prompt_by_no_way(begin: Begin) -> None:
    session = begin(model=Path("/nowhere/gone.gguf"))
    talk = fill(session.store, ("a \x1b[31mred\x1b[0m log", "Yes."))
    async with driving(session, resume=talk) as me:
        me.pilot.app.post_message(events.Paste("\x1b]0;owned\x07one\x9b2J\r\ntwo\x00"))
        await me.until(lambda: me.chat.prompt.text)
        assert me.chat.prompt.text == "one2J\ntwo"
        me.chat.prompt.call("/edit")
        await me.until(lambda: me.chat.dialogue.editing)
        assert me.chat.prompt.text == "a red log"


async def test_ones_own_editor_gets_the_text_and_gives_another(
    begin: Begin, editor: Callable[[str], None]
) -> None:
    editor('printf " and more\\nlines\\n" >> "$1"')
    async with driving(begin()) as me:
        me.chat.prompt.put("some")
        await me.press("ctrl+g")
        assert me.chat.prompt.text == "some and more\nlines"


async def test_the_editor_sees_a_folded_paste_whole(
    begin: Begin, editor: Callable[[str], None], tmp_path: Path
) -> None:
    editor(f'cp "$1" {tmp_path}/seen')
    async with driving(begin()) as me:
        me.chat.prompt.put("x" * 20_000)
        await me.press("ctrl+g")
        assert (tmp_path / "seen").read_text() == me.chat.prompt.written == "x" * 20_000


@pytest.mark.parametrize(
    "script, told",
    [
        ("exit 3", "editor ended with exit code 3: the text is as it was"),
        ("kill -9 $$", "editor was ended by signal 9: the text is as it was"),
        (': > "$1"', "the editor left an empty file: the text is as it was"),
        ('rm "$1"', "the editor left an empty file: the text is as it was"),
    ],
)
async def test_an_editor_that_fails_changes_nothing_and_says_so(
    begin: Begin, editor: Callable[[str], None], script: str, told: str
) -> None:
    editor(script)
    async with driving(begin(), size=(160, 24)) as me:
        me.chat.prompt.put("some")
        await me.press("ctrl+g")
        await me.until(lambda: told in me.said)
        assert me.chat.prompt.text == "some"


@pytest.mark.parametrize("script", ['echo other > "$1"; exit 1', 'printf "\\377" > "$1"'])
async def test_what_a_failing_editor_has_written_is_kept_and_named(
    begin: Begin, editor: Callable[[str], None], script: str
) -> None:
    editor(script)
    async with driving(begin(), size=(200, 24)) as me:
        me.chat.prompt.put("some")
        await me.press("ctrl+g")
        await me.until(lambda: "what you wrote is in" in me.said)
        file = Path(me.said.partition("what you wrote is in ")[2].split()[0])
        assert file.read_bytes() in (b"other\n", b"\xff")
        assert file.parent.stat().st_mode & 0o777 == 0o700
        file.unlink()
        file.parent.rmdir()


@pytest.mark.parametrize(
    "variable, told",
    [
        ("", "no editor is chosen: set VISUAL or EDITOR"),
        ("no-such-editor -w", "EDITOR is 'no-such-editor -w', but there is no program 'no-such-editor'"),
        ("'open", "which cannot be read: No closing quotation"),
    ],
)
async def test_an_editor_that_is_not_there_is_told(
    begin: Begin, editor: object, monkeypatch: pytest.MonkeyPatch, variable: str, told: str
) -> None:
    monkeypatch.setenv("EDITOR", variable)
    async with driving(begin(), size=(160, 24)) as me:
        me.chat.prompt.put("some")
        await me.press("ctrl+g")
        await me.until(lambda: told in me.said)
        assert me.chat.prompt.text == "some"


async def test_an_editor_that_no_file_can_be_made_for_changes_nothing_and_says_so(
    begin: Begin, editor: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor("exit 0")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    async with driving(begin(model=Path("/nowhere/gone.gguf")), size=(160, 24)) as me:
        me.chat.prompt.put("some")
        await me.press("ctrl+g")
        await me.until(lambda: "No such file or directory: the text is as it was" in me.said)
        assert me.chat.prompt.text == "some"


async def test_visual_comes_before_editor(
    begin: Begin, editor: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    editor('echo visual > "$1"')
    monkeypatch.setenv("VISUAL", os.environ["EDITOR"])
    monkeypatch.setenv("EDITOR", "false")
    async with driving(begin()) as me:
        await me.press("ctrl+g")
        assert me.chat.prompt.text == "visual"
