from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.commands import COMMANDS, HIDDEN, Called, Command, Said, UnknownCommand, read


def test_names_are_unique_and_every_help_is_one_line() -> None:
    assert len({command.name for command in COMMANDS}) == len(COMMANDS)
    assert all(command.help and command.help.isprintable() for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_is_read_with_and_without_an_argument(command: Command) -> None:
    name = command.name
    assert read(f"/{name}") == Called(command, "")
    assert read(f"/{name.upper()}   one  two ") == Called(command, "one  two")


@given(st.text().filter(lambda text: not text.startswith("/")))
def test_any_other_line_is_said_as_it_is(text: str) -> None:
    assert read(text) == Said(text)
    assert read(f"//{text}") == Said(f"/{text}")


@pytest.mark.parametrize(
    ("line", "near"), [("/hepl", "help"), ("/qiut me", "quit"), ("/regenrate", "regenerate")]
)
def test_an_unknown_command_names_the_nearest(line: str, near: str) -> None:
    with pytest.raises(UnknownCommand, match=f"did you mean {near}"):
        read(line)


@pytest.mark.parametrize("line", ["/", "/ mode", "/\n", "/usr/bin/env", "/\x1b[31m"])
def test_a_slash_that_calls_nothing_says_how_to_send_it(line: str) -> None:
    with pytest.raises(UnknownCommand, match="write //") as refused:
        read(line)
    assert str(refused.value).isprintable()


def test_the_hidden_command_is_read_and_listed_nowhere() -> None:
    assert read("/eval") == Called(HIDDEN[0], "")
    assert HIDDEN[0] not in COMMANDS
