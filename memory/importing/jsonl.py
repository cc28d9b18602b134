"""A JSONL file: an object a line, with ``content``, ``text`` or ``messages``, and what is known of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from memory.contract import BadMemory
from memory.draft import Draft
from memory.importing.chunking import SIZE, pieces
from memory.importing.fields import with_fields
from memory.importing.text import decoded


def drafts(path: Path, like: Draft, after: int = 0) -> Iterator[tuple[int, int, Draft]]:
    """(line, its end in bytes, draft) of every line below line ``after``. Raises `BadMemory`, `OSError`."""
    offset = 0
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            if number > after:
                line = decoded(raw, path, offset).strip()
                if line:
                    yield number, offset + len(raw), _draft(line, like, f"{path}, line {number}")
            offset += len(raw)


def _draft(line: str, like: Draft, where: str) -> Draft:
    try:
        found = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        column = f", column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadMemory(f"{where}{column}: not JSON: mend or remove that line") from error
    if not isinstance(found, dict):
        raise BadMemory(f"{where}: not an object: write {{...}} on every line")
    text = _content(found, where).replace("\0", "")
    if not text.strip():
        raise BadMemory(f"{where}: content is empty: remove that line")
    whole = replace(with_fields(like, found, where), content=text, provenance=where)
    if len(text) <= SIZE:
        return whole
    return replace(whole, parts=tuple(replace(whole, content=piece) for _, piece in pieces(text)))


def _content(found: dict[str, Any], where: str) -> str:
    given = next((found[name] for name in ("content", "text") if found.get(name) is not None), None)
    if given is None and isinstance(found.get("messages"), list):
        return "\n\n".join(_message(one, where) for one in found["messages"])
    if given is None:
        raise BadMemory(f"{where}: neither content nor text nor messages: one of them is needed")
    if not isinstance(given, str):
        raise BadMemory(f"{where}: content must be a text")
    return given


def _message(one: Any, where: str) -> str:
    if not isinstance(one, dict) or not isinstance(one.get("content"), str):
        raise BadMemory(f"{where}: messages must be objects with role and content")
    return f"{one.get('role', 'user')}: {one['content']}"


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
