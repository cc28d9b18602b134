"""The installed ``tui`` in a terminal, from the first question to tomorrow's."""

from __future__ import annotations

import re
from contextlib import closing

import pytest

from tests.tui.program import Program
from tests.tui.screen import Screen, opened
from tests.tui.ui.stored import fill
from tests.tui.watched import failing_imports
from tui.core.store import Store

pytestmark = [pytest.mark.terminal, pytest.mark.model]

UP, TAB, ENTER, CLEAR = "\x1b[A", "\t", "\r", "\x15"

_BRIEF = """
extends = "{name}"
max_tokens = 8
[sampling]
temperature = 0.0
"""


def _press(screen: Screen, keys: str) -> None:
    screen.seen = b""
    screen.child.send(keys)


def _answered(screen: Screen, program: Program, talks: int, answers: int) -> None:
    """Wait until that many answers of the latest of ``talks`` conversations are on disk, and none grows."""

    def on_disk() -> bool:
        latest = (program.talks() or [[]])[0]
        done = [node for node in latest if node.role == "assistant" and node.status in ("done", "length")]
        return len(program.talks()) == talks and len(done) == answers

    screen.until(on_disk, f"{answers} answers")


def test_a_session_from_the_first_question_to_the_next_day(program: Program) -> None:
    modes = program.config / "modes"
    modes.mkdir()
    for name in ("base", "cherokee"):
        (modes / f"{name}.toml").write_text(_BRIEF.format(name=name))

    with opened(program) as screen:
        screen.shows("idle")
        screen.type("Name a colour.")
        _answered(screen, program, 1, 1)

        _press(screen, "/mode cher")
        screen.shows("cherokee  ")
        _press(screen, TAB)
        screen.shows("/mode cherokee")
        _press(screen, ENTER)
        screen.shows("Ꮳ cherokee")
        screen.type("ᎣᏏᏲ, what is water?")
        _answered(screen, program, 1, 2)

        _press(screen, UP)
        screen.shows("what is water?")
        _press(screen, UP)
        screen.shows("/mode cherokee")
        _press(screen, CLEAR)

        screen.type("/new")
        screen.type("Say good night.")
        _answered(screen, program, 2, 1)
        screen.type("/list")
        screen.shows("Enter")
        _press(screen, "colour")
        screen.shows("Name a colour.")
        _press(screen, ENTER)
        screen.shows("what is water?")
        assert screen.leave() == 0

    night, colours = program.talks()
    assert [node.content for node in colours if node.role == "user"] == [
        "Name a colour.",
        "ᎣᏏᏲ, what is water?",
    ]
    spoken = [node.provenance.mode for node in colours if node.provenance]
    assert spoken == ["base", "cherokee"] and night[0].content == "Say good night."

    with opened(program, "--resume", colours[0].conversation[:8]) as screen:
        screen.shows("what is water?")
        screen.shows("Ꮳ cherokee")
        _press(screen, UP)
        screen.shows("/quit")
        _press(screen, CLEAR)
        assert screen.leave() == 0


def test_a_mode_that_is_named_with_a_conversation_is_what_it_goes_on_in(program: Program) -> None:
    with closing(Store.open(program.data / "conversations.sqlite3")) as store:
        talk = fill(store, ("Who has to prove it?", "You have."))
    with opened(program, "-m", "legal", "--resume", talk) as screen:
        screen.shows("§ legal")
        assert screen.leave() == 0
    with closing(Store.open(program.data / "conversations.sqlite3")) as store:
        assert store.get(talk).mode == "legal"


@pytest.mark.parametrize("flags, mouse", [((), True), (("--no-mouse",), False)])
def test_the_mouse_is_the_terminals_own_where_it_is_not_wanted(
    program: Program, flags: tuple[str, ...], mouse: bool
) -> None:
    with opened(program, *flags) as screen:
        screen.shows("Ask, or /help"[1:])
        assert (b"\x1b[?1000h" in screen.seen) is mouse
        assert screen.leave() == 0


def test_no_colour_is_written_where_none_is_wanted(program: Program) -> None:
    with opened(program, NO_COLOR="1") as screen:
        screen.shows("loading")
        screen.child.send("/mode ")
        screen.shows("cherokee  ")
        codes = {code for code in re.findall(rb"\x1b\[([\d;]*)m", screen.seen) if code}
        assert codes and all(set(code.split(b";")) <= {b"0", b"1", b"2", b"3", b"4", b"7"} for code in codes)


def test_the_terminal_is_lent_to_ones_own_editor_and_comes_back(program: Program) -> None:
    editor = program.config / "editor"
    editor.write_text('#!/bin/sh\necho "the editor has the terminal"\necho "/mode legal" > "$1"\n')
    editor.chmod(0o755)
    with opened(program, EDITOR=str(editor), VISUAL="") as screen:
        screen.shows("idle")
        _press(screen, "\x07")
        screen.shows("the editor has the terminal")
        screen.shows("/mode legal")
        _press(screen, ENTER)
        screen.shows("§ legal")
        assert screen.leave() == 0


def test_an_error_that_nobody_expected_is_shown_and_the_exit_code_is_1(program: Program) -> None:
    broken = failing_imports(program.config / "broken", ("tui.ui.widgets.prose",))
    with opened(program, **broken) as screen:
        screen.shows("idle")
        screen.type("Name a colour.")
        with pytest.raises(AssertionError, match="exit 1") as told:
            screen.shows("never")
        assert "no tui.ui.widgets.prose today" in str(told.value)


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "caf\ufffd au lait"), ("latin-1", "café au lait")])
def test_a_byte_that_is_no_letter_here_ends_nothing(program: Program, encoding: str, shown: str) -> None:
    with opened(program, PYTHONIOENCODING=encoding) as screen:
        screen.shows("idle")
        screen.seen = b""
        screen.child.send(b"caf\xe9 au lait")
        screen.until(lambda: shown.encode(encoding) in screen.seen, shown)
        screen.child.send(CLEAR)
        assert screen.leave() == 0


def test_what_is_typed_while_the_program_starts_is_in_the_prompt(program: Program) -> None:
    with opened(program) as screen:
        screen.child.send("typed at once")
        screen.shows("idle")
        screen.until(
            lambda: b"typed at once" in screen.seen.partition(b"\x1b[?1049h")[2], "text in the prompt"
        )
        screen.child.send("\x15")
        assert screen.leave() == 0
