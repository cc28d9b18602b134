"""The slash commands there are, and how a line that was typed is read as one.

This module must not know a screen: it says what a command means, whoever shows it carries it out.
"""

from __future__ import annotations

from dataclasses import dataclass

from modes import tables


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``arguments`` is how they are written, empty where there are none."""

    name: str
    help: str
    arguments: str = ""

    @property
    def usage(self) -> str:
        """The command as it is typed, such as ``/title TEXT``."""
        return f"/{self.name} {self.arguments}".rstrip()


COMMANDS = (
    Command("mode", "speak in a mode or a blend; alone: list them", "NAME|off|a*0.7+b*0.3"),
    Command("new", "begin a new conversation"),
    Command("list", "earlier conversations: choose or search"),
    Command("resume", "go on with a conversation", "ID|TEXT"),
    Command("rename", "name this conversation", "TEXT"),
    Command("title", "the same as /rename", "TEXT"),
    Command("regenerate", "answer the last question again"),
    Command("edit", "change the last question; the old one is kept"),
    Command("fork", "a new conversation that goes on from here"),
    Command("version", "another version of a question or answer; alone: list them", "[previous|next|N]"),
    Command("copy", "copy an answer (1: the last) or the last code in it", "[N] [code]"),
    Command("export", "write this conversation to a file: .json is JSON, else Markdown", "[FILE]"),
    Command("delete", "delete this conversation", "[ID]"),
    Command("undo", "bring back what was deleted last"),
    Command("context", "how the context is divided"),
    Command("sidebar", "show or hide the conversations beside this one"),
    Command("stop", "end the answer under way, keep what there is"),
    Command("help", "all commands and keys"),
    Command("quit", "leave"),
)


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
    for command in COMMANDS:
        if command.name == name.lower():
            return Called(command, rest[0].strip() if rest else "")
    raise UnknownCommand(name)
