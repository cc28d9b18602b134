"""Reads a TOML table, and shows what stands in one, or nearly does, in plain words.

This module must not know what any table means: modes and the program's settings both come through it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

Table = dict[str, Any]


class BadTableError(ValueError):
    """Bytes that are not a TOML table; the message says why and, for bad syntax, on which line."""


def read(content: bytes) -> Table:
    """The table that ``content`` (UTF-8, with or without a byte order mark) holds. Raises `BadTableError`."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadTableError(f"not UTF-8 text (line {line}): save it as UTF-8") from None
    except RecursionError:
        raise BadTableError("not readable: lists or tables nested too deeply") from None
    except ValueError as error:  # wider than TOMLDecodeError: a number of 5,000 digits is a plain one
        raise BadTableError(f"not valid TOML: {error}") from None


def merge(under: Table, over: Mapping[str, Any]) -> Table:
    """``under`` with what ``over`` names put in its place, tables key by key."""
    merged = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def nearest(wrong: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """``" (did you mean legal?)"`` with the nearest of ``known``, or nothing where none is near.

    Case does not count. ``likeness`` (0..1) is how near is near: more for names that share a prefix.
    """
    import difflib  # for mistakes only

    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(wrong.lower(), sorted(names), n=2, cutoff=likeness)
    return f" (did you mean {' or '.join(names[name] for name in near)}?)" if near else ""


def shown(value: object) -> str:
    """``value`` as TOML would have it, on one printable line of at most 40 characters."""
    if isinstance(value, dict):
        return "a table"
    import json

    try:
        # JSON writes Infinity where TOML writes inf.
        text = repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False, default=str)
    except ValueError:  # Python writes no integer of over 4,300 digits, though TOML's 0xfff… can make one
        return "a number of thousands of digits"
    return printable(text if len(text) <= 40 else f"{text[:39]}…")


def printable(text: str) -> str:
    """``text`` without anything that could steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
