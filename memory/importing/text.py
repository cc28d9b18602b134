"""A file's bytes as text, and a plain text as one memory or one with parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from memory.contract import BadMemory
from memory.draft import Draft
from memory.importing.chunking import SIZE, pieces


def decoded(raw: bytes, path: Path, offset: int = 0) -> str:
    """``raw``, which begins at byte ``offset`` of ``path``, as text. Raises `BadMemory`."""
    try:
        return raw.decode("utf-8-sig" if offset == 0 else "utf-8")
    except UnicodeDecodeError as error:
        at = offset + error.start
        raise BadMemory(
            f"{path}, byte {at}: not UTF-8: convert it (iconv -t utf-8), or leave it out"
        ) from error


def document(text: str, path: Path, like: Draft) -> Draft:
    """A plain text: one memory, or parts that say at which line they begin. Raises `BadMemory`."""
    found = pieces(text.replace("\0", ""))
    if not found:
        raise BadMemory(f"{path}: it is empty: nothing to remember")
    whole = replace(like, content=text, provenance=str(path))
    if len(found) == 1 and len(found[0][1]) <= SIZE:
        return replace(whole, content=found[0][1])
    return replace(whole, parts=tuple(_parts(text.replace("\0", ""), found, path, like)))


def _parts(text: str, found: list[tuple[int, str]], path: Path, like: Draft) -> list[Draft]:
    parts, line, at = [], 1, 0
    for start, piece in found:
        line += text.count("\n", at, start)
        at = start
        parts.append(replace(like, content=piece, provenance=f"{path}, line {line}"))
    return parts
