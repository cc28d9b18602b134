"""What a question is made of, read from standard input, files and arguments. Nothing here asks."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import BinaryIO

_NOT_HELD = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "uniqueItems",
        "contains",
        "not",
        "if",
        "patternProperties",
        "propertyNames",
        "dependentRequired",
        "dependentSchemas",
    }
)
#: What stands under these are names of the schema's own, or values: no keywords.
_NAMES = frozenset({"properties", "$defs", "definitions"})
_VALUES = frozenset({"enum", "const", "default", "examples"})


class BadInput(ValueError):
    """A file, argument or standard input that cannot be used; the text says why and what to do."""


def read_question(prompt: str | None, stdin: BinaryIO | None) -> str:
    """The question: ``prompt`` with stdin before it as context; ``-`` or none is stdin alone.

    ``stdin`` is None when nothing is piped in. Raises `BadInput`.
    """
    raw = stdin.read() if stdin else b""
    try:
        piped = raw.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise BadInput(
            f"standard input is not UTF-8 (byte 0x{raw[error.start]:02x} at offset {error.start}): "
            "convert it first, for example with iconv -f LATIN1 -t UTF-8"
        ) from None
    asked = "" if prompt in (None, "-") else (prompt or "").strip()
    question = "\n\n".join(part for part in (piped, asked) if part)
    if not question:
        raise BadInput("there is no question: give it as an argument or on standard input")
    return question


def read_grammar(file: Path) -> str:
    """GBNF. Whether it is one, the engine finds out. Raises `BadInput`."""
    text = _read(file, "--grammar")
    if not text.strip():
        raise BadInput(f'--grammar: {file} is empty: write GBNF in it, such as root ::= "yes" | "no"')
    return text


def read_schema(file: Path) -> str:
    """A JSON Schema, which is a JSON object. Raises `BadInput`."""
    text = _read(file, "--json-schema")
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"--json-schema: {file} is not JSON ({error}): correct it") from None
    if not isinstance(schema, dict):
        raise BadInput(
            f'--json-schema: {file} holds no JSON object: a schema looks like {{"type": "object", ...}}'
        )
    return text


def not_held(schema: str) -> list[str]:
    """Keywords in a JSON Schema that no grammar can hold an answer to: they are left to the reader."""
    found: dict[str, None] = {}
    _look(json.loads(schema), found)
    return list(found)


def _look(part: object, found: dict[str, None]) -> None:
    if isinstance(part, list):
        for inner in part:
            _look(inner, found)
    if isinstance(part, dict):
        for key, value in part.items():
            if key in _NOT_HELD:
                found[key] = None
            elif key in _NAMES and isinstance(value, dict):
                _look(list(value.values()), found)
            elif key not in _VALUES:
                _look(value, found)


def parse_bias(text: str) -> tuple[int | str, float]:
    """``TOKEN=VALUE``: a token's number, or its text, which may stand in double quotes. Raises `BadInput`."""
    token, equals, value = text.rpartition("=")
    try:
        bias = float(value)
    except ValueError:
        bias = math.nan
    if not equals or not token or not math.isfinite(bias):
        raise BadInput(
            f"--logit-bias: found {text!r}, expected TOKEN=VALUE, "
            "such as 198=-100 (never that token) or yes=5 (rather that one)"
        )
    if token.isascii() and token.isdecimal():
        return int(token), bias
    quoted = len(token) > 2 and token[0] == token[-1] == '"'
    return token[1:-1] if quoted else token, bias


def _read(file: Path, option: str) -> str:
    try:
        return file.expanduser().read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{option}: {file} is not UTF-8 (at byte {error.start}): save it as UTF-8") from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{option}: {file} cannot be read ({reason}): give a readable file") from None
