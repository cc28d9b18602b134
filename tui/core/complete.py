"""How a line that begins with ``/`` may go on, from what the registry says of each command.

This module must not know a screen, nor where the words for an argument come from: they are given to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tui.core.commands import COMMANDS, Kind, named

#: More than anyone reads; a folder or a store may hold any number.
MOST = 100

# A + after a digit's e or a * belongs to a number, as in modes.blend.
_LAST_PART = re.compile(r"(?:.*(?<!\*)(?<!\d[eE])\+)?\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word that an argument may be. ``label`` is what it is found and shown by, empty: the word."""

    word: str
    help: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """``line`` is the whole line once this one is taken."""

    label: str
    help: str
    line: str


#: The words there are for an argument of some kind, given what is written of it so far.
Candidates = Callable[[Kind, str], Iterable[Candidate]]


def completions(line: str, candidates: Candidates) -> list[Completion]:
    """Ways to go on with ``line``, the likeliest first; none where nothing would be added to it."""
    if not line.startswith("/") or line.startswith("//") or "\n" in line:
        return []
    name, space, _ = line[1:].partition(" ")
    found = _arguments(line, name, candidates) if space else _names(name)
    kept = list(islice(found, MOST))
    return [] if [one.line for one in kept] == [line] else kept


def files(written: str) -> Iterator[Candidate]:
    """Files and folders whose path begins with ``written``; hidden ones only where a dot is written."""
    folder, name = os.path.split(written)
    try:
        with os.scandir(Path(folder or ".").expanduser()) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except (OSError, RuntimeError):  # no such folder or home: there is nothing to offer
        return
    for entry in found:
        if entry.name.startswith(name) and (name.startswith(".") or not entry.name.startswith(".")):
            # The entry itself, and a Path, fail at a link in a circle or to where nobody may look.
            slash = "/" if os.path.isdir(entry) else ""  # noqa: PTH112
            yield Candidate(written[: len(written) - len(name)] + entry.name + slash)


def _names(written: str) -> Iterator[Completion]:
    begun = [command for command in COMMANDS if command.name.startswith(written.lower())]
    for command in begun:
        space = " " if command.arguments else ""
        yield Completion(command.usage, command.help, f"/{command.name}{space}")


def _arguments(line: str, name: str, candidates: Candidates) -> Iterator[Completion]:
    command = named(name)
    if command is None or command.completes is None:
        return
    head = line[: len(line) - len(line[1 + len(name) :].lstrip(" "))]
    written = line[len(head) :]
    if command.completes == "mode":
        before = _LAST_PART.match(written)
        assert before is not None
        head, written = head + before[0], written[before.end() :]
    words = [one for one in candidates(command.completes, written) if one.word != "" and _fits(one, written)]
    words.sort(key=lambda one: not one.word.startswith(written))  # stable: the giver's order holds otherwise
    for one in words:
        yield Completion(one.label or one.word, one.help, head + one.word)


def _fits(candidate: Candidate, written: str) -> bool:
    if candidate.word.lower().startswith(written.lower()):
        return True
    return bool(candidate.label) and all(word in candidate.label.lower() for word in written.lower().split())
