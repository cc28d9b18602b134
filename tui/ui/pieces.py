"""Where a growing Markdown text can be cut, so that only its end has to be read and laid out again.

Textual builds a whole list or code block anew with every word that is added to it. This module must not know
widgets: text comes in, and a place in it goes out.
"""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

#: What a piece holds before it is cut: items of a list, rows of a table, lines of code and of anything else.
ITEMS = 8
ROWS = 12
CODE_LINES = 20
LINES = 40
#: Lines of code after which it is cut even inside of a function.
CODE_LINES_AT_MOST = 40

_BLOCKS = MarkdownIt("gfm-like", {"html": False}).disable(["inline", "linkify", "text_join"])


@dataclass(frozen=True, slots=True)
class Cut:
    """A text in two: ``after`` stands under ``before`` without a gap when it is ``joined`` to it."""

    before: str
    after: str
    joined: bool


def cut(text: str) -> Cut | None:
    """The last good place to part ``text``, None while it is short or has none."""
    if text.count("\n") < ITEMS:
        return None
    tokens = _BLOCKS.parse(text)
    tops = [token for token in tokens if token.level == 0 and token.map and token.nesting >= 0]
    if not tops:
        return None
    lines = text.splitlines(keepends=True)
    begin, _ = _range(tops[-1])
    inside = _cut_inside(lines, tokens, tops[-1])
    if begin and (inside or begin >= LINES):
        return _cut(lines, begin, joined=False)
    return inside


def _cut_inside(lines: list[str], tokens: list[Token], last: Token) -> Cut | None:
    if last.type == "fence":
        return _cut_code(lines, last)
    if last.type == "table_open":
        return _cut_table(lines, last)
    if last.type in ("bullet_list_open", "ordered_list_open"):
        of_last = tokens[tokens.index(last) :]
        items = [one for one in of_last if one.type == "list_item_open" and one.level == 1]
        return _cut(lines, _range(items[-1])[0], joined=True) if len(items) > ITEMS else None
    return None


def _cut_table(lines: list[str], table: Token) -> Cut | None:
    begin, _ = _range(table)
    if len(lines) - begin <= ROWS + 2:
        return None
    # Each part has the heading again, as on the pages of a book; opened anew, it is one table.
    return Cut("".join(lines[:-1]), "".join([*lines[begin : begin + 2], lines[-1]]), joined=False)


def _cut_code(lines: list[str], fence: Token) -> Cut | None:
    begin, _ = _range(fence)
    code = range(begin + 1, len(lines) - 1)
    if len(code) < CODE_LINES or lines[-1].lstrip().startswith(fence.markup):
        return None
    # Colours are worked out piece by piece: between two definitions nothing is open, such as a long string.
    between = [at for at in code[CODE_LINES // 2 :] if not lines[at - 1].strip() and lines[at][:1].strip()]
    if between:
        at = between[-1]
    elif len(code) >= CODE_LINES_AT_MOST:
        at = code[-1]
    else:
        return None
    opening = f"{fence.markup}{fence.info}\n"
    return Cut("".join(lines[:at]), opening + "".join(lines[at:]), joined=True)


def _cut(lines: list[str], at: int, joined: bool) -> Cut:
    return Cut("".join(lines[:at]), "".join(lines[at:]), joined)


def _range(token: Token) -> tuple[int, int]:
    assert token.map is not None
    return token.map[0], token.map[1]
