"""The slash commands there are, and how a line that was typed is read as one.

This module must not know a screen: it says what a command means, whoever shows it carries it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from modes import tables

#: What an argument names, and so where the words that complete it come from.
Kind = Literal["mode", "conversation", "file", "theme", "memory"]


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    ``arguments`` is how they are written: empty where there are none, in brackets where they may be left
    out. ``completes`` says what the argument names, None where it is free text.
    """

    name: str
    help: str
    arguments: str = ""
    completes: Kind | None = None

    @property
    def needs_argument(self) -> bool:
        """The command alone means nothing."""
        return bool(self.arguments) and not self.arguments.startswith("[")

    @property
    def usage(self) -> str:
        """The command as it is typed, such as ``/title TEXT``."""
        return f"/{self.name} {self.arguments}".rstrip()


COMMANDS = (
    Command("mode", "speak in a mode or a blend; alone: list them", "[NAME|off|BLEND]", "mode"),
    Command("new", "begin a new conversation"),
    Command("list", "earlier conversations: choose or search"),
    Command("resume", "go on with a conversation", "[ID|TEXT]", "conversation"),
    Command("rename", "name this conversation", "TEXT"),
    Command("title", "the same as /rename", "TEXT"),
    Command("regenerate", "answer the last question again"),
    Command("edit", "change the last question; the old one is kept"),
    Command("fork", "a new conversation that goes on from here"),
    Command("version", "another version of a question or answer; alone: list them", "[previous|next|N]"),
    Command("copy", "copy an answer (1: the last) or the last code in it", "[N] [code]"),
    Command("export", "write this conversation to a file: .json is JSON, else Markdown", "[FILE]", "file"),
    Command("delete", "delete this conversation", "[ID]", "conversation"),
    Command("undo", "bring back what was deleted last"),
    Command("context", "how the context is divided"),
    Command(
        "memory",
        "memories: show them or not; VERB: search, list, open, pin, veto, forget, stats; alone: what holds",
        "[on|off|VERB ...]",
        "memory",
    ),
    Command("sidebar", "show or hide the conversations beside this one"),
    Command("stop", "end the answer under way, keep what there is"),
    Command("theme", "change the colours; alone: list them", "[NAME]", "theme"),
    Command("help", "all commands and keys"),
    Command("quit", "leave"),
)


#: Commands that are there and listed nowhere but in docs/keys.md.
HIDDEN: tuple[Command, ...] = (Command("eval", "what the modes are worth: run, look, open earlier runs"),)


class UnknownCommand(ValueError):
    """A line that begins with ``/`` and names no command; the text gives the nearest names."""

    def __init__(self, name: str) -> None:
        near = tables.nearest(name, [command.name for command in COMMANDS])
        super().__init__(
            f"no command is called /{tables.printable(name)}{near}: "
            "/help lists them; to send a text that begins with /, write //"
        )


@dataclass(frozen=True, slots=True)
class Said:
    """A line meant for the model."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A command and what was written after it, without the space around."""

    command: Command
    argument: str


def read(line: str) -> Said | Called:
    """What ``line`` means; ``//text`` is the text ``/text``. Raises `UnknownCommand`."""
    if not line.startswith("/"):
        return Said(line)
    if line.startswith("//"):
        return Said(line[1:])
    name, *rest = line[1:].split(maxsplit=1) if line[1:2].strip() else [""]
    command = named(name)
    if command is None:
        raise UnknownCommand(name)
    return Called(command, rest[0].strip() if rest else "")


def named(name: str) -> Command | None:
    """The command of that name, in capitals or not."""
    return next((command for command in (*COMMANDS, *HIDDEN) if command.name == name.lower()), None)
