"""A Markdown file: front matter says what it is about, headings say where its parts begin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from memory.contract import BadMemory
from memory.draft import Draft
from memory.importing.chunking import SIZE, pieces
from memory.importing.fields import with_fields

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"([A-Za-z_][\w-]*)[ \t]*:[ \t]*(.*?)[ \t\r]*$")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t\r]*$")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")


def document(text: str, path: Path, like: Draft) -> Draft:
    """One memory, or one with a part for each section, or several for a long one. Raises `BadMemory`.

    Short sections too: what a file has of other things would hide each from a question about it.

    A part begins with the headings that it stands under, and its provenance ends with them.
    """
    text = text.replace("\0", "")
    front = _FRONT.match(text)
    if front and not _is_front(front[1]):
        front = None
    body = text[front.end() :] if front else text
    if not body.strip():
        raise BadMemory(f"{path}: it is empty: nothing to remember")
    if front:
        like = with_fields(like, _fields(front[1]), f"{path}, front matter")
    parts = [
        replace(like, content=f"{under}\n\n{piece}" if under else piece, provenance=_place(path, under))
        for under, section in _sections(body)
        for _, piece in pieces(section, max(SIZE // 2, SIZE - len(under) - 2))
    ]
    whole = replace(like, content=body.strip(), provenance=str(path))
    return whole if len(parts) < 2 else replace(whole, parts=tuple(parts))


def _place(path: Path, under: str) -> str:
    return f"{path} # {under}" if under else str(path)


def _sections(body: str) -> Iterator[tuple[str, str]]:
    """(headings, text) of each section; a line in a fence is no heading."""
    headings: list[tuple[int, str]] = []
    lines: list[str] = []
    fence = ""
    for line in body.split("\n"):
        mark = _FENCE.match(line)
        heading = None if fence or mark else _HEADING.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
        if heading is None:
            lines.append(line)
            continue
        level = len(heading[1])
        yield _section(headings, lines, level)
        lines = []
        headings = [*(one for one in headings if one[0] < level), (level, heading[2])]
    yield _section(headings, lines, 1)


def _section(headings: list[tuple[int, str]], lines: list[str], following: int) -> tuple[str, str]:
    """What stands under ``headings`` up to one of level ``following``; a heading alone is a text itself."""
    text = "\n".join(lines)
    alone = not text.strip() and headings and following <= headings[-1][0]
    return (_titled(headings[:-1]), headings[-1][1]) if alone else (_titled(headings), text)


def _titled(headings: list[tuple[int, str]]) -> str:
    return " > ".join(title for _, title in headings if title)[: SIZE // 4]


def _is_front(text: str) -> bool:
    """Nothing, or fields: what else stands between two lines at the top is text, and is remembered."""
    lines = [line for line in text.split("\n") if line.strip()]
    yaml = all(":" in line or line[0] in "# \t-]}" for line in lines)
    return not lines or (yaml and any(_FIELD.match(line) for line in lines))


def _fields(front: str) -> dict[str, object]:
    """Lines of ``name: value``; lists are in brackets or items below. No more of YAML than that."""
    fields: dict[str, object] = {}
    last = ""
    for line in front.split("\n"):
        found = _FIELD.match(line)
        if found:
            last, value = found[1].lower(), found[2].strip()
            fields[last] = _value(last, value)
        elif line.lstrip().startswith("- ") and last:
            items = fields[last] if isinstance(fields[last], list) else []
            assert isinstance(items, list)
            fields[last] = [*items, _plain(line.lstrip()[2:])]
    return fields


def _value(name: str, value: str) -> object:
    if value.startswith("[") and value.endswith("]"):
        return [_plain(item) for item in value[1:-1].split(",") if item.strip()]
    if name == "tags":
        return [_plain(item) for item in value.split(",") if item.strip()]
    if name == "temperature":
        try:
            return float(value)
        except ValueError:
            return value
    plain = _plain(value)
    return {"true": True, "yes": True, "false": False, "no": False}.get(plain.lower(), plain)


def _plain(text: str) -> str:
    return text.strip().strip("\"'")
