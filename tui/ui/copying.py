"""What of a conversation can be copied: whole answers, and the blocks of code in them.

This module must not know the clipboard or widgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from tui.core.conversation import Node
from tui.ui.dialogue import NothingThere

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


@cache
def _blocks() -> MarkdownIt:
    from markdown_it import MarkdownIt  # not before there is something to copy: it takes long to import

    return MarkdownIt("gfm-like", {"html": False}).disable(["inline", "linkify", "text_join"])


def code_blocks(text: str) -> list[str]:
    """The code of every block in ``text``, fenced or indented, without its fences."""
    return [token.content for token in _blocks().parse(text) if token.type in ("fence", "code_block")]


def answers(path: Sequence[Node]) -> list[Node]:
    """Answers with a text, the newest first."""
    return [node for node in reversed(path) if node.role == "assistant" and node.content.strip()]


def answer(path: Sequence[Node], number: int = 1) -> str:
    """The text of the last answer but ``number`` - 1. Raises `NothingThere`."""
    found = answers(path)
    if not 1 <= number <= len(found):
        raise NothingThere(_missing(number, len(found)))
    return found[number - 1].content.strip()


def code(path: Sequence[Node], number: int | None = None) -> str:
    """The last block of code of answer ``number``, or of the newest that has one. Raises `NothingThere`."""
    texts = [answer(path, number)] if number else [node.content for node in answers(path)]
    for text in texts:
        if blocks := code_blocks(text):
            return blocks[-1]
    raise NothingThere("there is no block of code in " + ("that answer" if number else "this conversation"))


def _missing(number: int, count: int) -> str:
    if not count:
        return "there is no answer to copy yet"
    return f"there is no answer {number}: 1 is the last one, {count} the first"
