"""Reads a TOML table and says in plain words what is wrong with one.

This module must not know what any table means: modes and the program's settings both come through it.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

Table = dict[str, Any]

#: What a pydantic complaint expected, by its type; ``{...}`` are the complaint's own context.
_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "model_type": "a table",
    "dict_type": "a table",
    "literal_error": "{expected}",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "value_error": "{error}",
}


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


def reasons(
    error: ValidationError, model: type[BaseModel], top: Collection[str] | None = None
) -> Iterator[tuple[str, str]]:
    """``(field, text)`` of each complaint; ``text`` tells what was found and what was expected.

    ``top`` replaces the model's own fields as the names that an unknown outermost one may be near.
    """
    for detail in error.errors(include_url=False):
        field = _field(detail["loc"])
        if detail["type"] == "extra_forbidden":
            known = _fields(model, detail["loc"][:-1]) if len(detail["loc"]) > 1 or top is None else top
            yield field, f"unknown field{nearest(str(detail['loc'][-1]), known)}"
        elif detail["type"] == "missing":
            yield field, "missing: it has to be given"
        else:
            yield field, f"found {shown(detail['input'])}, expected {_expected(detail)}"


def nearest(wrong: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """``" (did you mean legal?)"`` with the nearest of ``known``, or nothing where none is near.

    Case does not count. ``likeness`` (0..1) is how near is near: more for names that share a prefix.
    """
    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(wrong.lower(), sorted(names), n=2, cutoff=likeness)
    return f" (did you mean {' or '.join(names[name] for name in near)}?)" if near else ""


def shown(value: object) -> str:
    """``value`` as TOML would have it, on one printable line of at most 40 characters."""
    if isinstance(value, dict):
        return "a table"
    try:
        # JSON writes Infinity where TOML writes inf.
        text = repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False, default=str)
    except ValueError:  # Python writes no integer of over 4,300 digits, though TOML's 0xfff… can make one
        return "a number of thousands of digits"
    return printable(text if len(text) <= 40 else f"{text[:39]}…")


def printable(text: str) -> str:
    """``text`` without anything that could steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _field(location: tuple[int | str, ...]) -> str:
    names = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return printable("".join(names).removeprefix("."))


def _fields(model: type[BaseModel], location: tuple[int | str, ...]) -> Collection[str]:
    for part in location:
        inner = model.model_fields[str(part)].annotation
        if isinstance(inner, type) and hasattr(inner, "model_fields"):
            model = inner
    return model.model_fields


def _expected(detail: ErrorDetails) -> str:
    if detail["type"] in _EXPECTED:
        return _EXPECTED[detail["type"]].format(**detail.get("ctx", {}))
    return detail["msg"]
