"""The operator's own test sets: one item a line, as JSON.

``{"prompt": "…", "choices": ["…", "…"], "answer": 1}`` (its index from 0, or the text of the right choice),
``{"prompt": "…", "answer": "…"}`` or ``"accepted": ["…", "…"]`` for a whole answer,
``{"prompt": "…", "tests": "…"}`` for a program, ``{"text": "…"}`` for bits per byte. All else is optional:
``id`` (made of what is asked and how it is marked, so that an item keeps it wherever it stands), ``domain``
(the file's name), ``split`` (T1), ``topic`` (the domain), ``fact`` (the id) and ``kind``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Mapping
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import Any, NoReturn, get_args

from modes.evaluation.item import SPLITS, Item, Kind

KINDS: tuple[Kind, ...] = get_args(Kind)


class BadTestSet(ValueError):
    """A file that is no test set; the text says which line, what is wrong and what to do."""


class _Wrong(Exception):
    """What is wrong with a line, and what to do."""


def read_items(path: Path) -> list[Item]:
    """All items of a file, in its order. Raises `BadTestSet`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadTestSet(f"{path} cannot be read ({error.strerror}): name another file") from error
    items: list[Item] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            fields = _parsed(line)
            item = _item(fields, path.stem)
            if item.id in lines and "id" in fields:
                raise _Wrong(f'the id "{item.id}" is that of line {lines[item.id]} too: give it another')
            item = replace(item, id=_free(item.id, lines))
        except _Wrong as wrong:
            raise BadTestSet(f"{path}, line {number}: {wrong}") from wrong
        lines[item.id] = number
        items.append(item)
    if not items:
        raise BadTestSet(f"{path}: there is no item in it: write one JSON object a line")
    return items


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _Wrong(f"byte {error.start + 1} is not UTF-8: save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        raise _Wrong(f"no JSON ({error.msg} at column {error.colno}): one whole object a line") from error
    except RecursionError as error:
        raise _Wrong("JSON nested too deeply: one flat object a line") from error
    if not isinstance(value, dict):
        raise _Wrong('not a JSON object: a line looks like {"prompt": "…", "answer": "…"}')
    return value


def _free(name: str, taken: Container[str]) -> str:
    """The name, or with the first number behind it that makes it another one."""
    numbered = (f"{name}-{number}" for number in count(2))
    return next(one for one in chain([name], numbered) if one not in taken)


def _item(fields: Mapping[str, Any], stem: str) -> Item:
    kind = _kind(fields)
    domain = _text(fields, "domain", stem)
    split = fields.get("split", "T1")
    if split not in SPLITS:
        raise _Wrong(f'"split" is {_shown(split)}: take one of {", ".join(SPLITS)}')
    prompt = _text(fields, "text" if kind == "text" and "text" in fields else "prompt")
    choices, gold = _choices(fields) if kind == "choice" else ((), 0)
    accepted = _accepted(fields) if kind == "exact" else ()
    tests = _text(fields, "tests") if kind == "code" else ""
    name = _text(fields, "id", _digest(kind, prompt, choices, gold, accepted, tests))
    return Item(
        id=name,
        domain=domain,
        split=split,
        topic=_text(fields, "topic", domain),
        fact=_text(fields, "fact", name),
        kind=kind,
        prompt=prompt,
        choices=choices,
        gold=gold,
        accepted=accepted,
        tests=tests,
    )


def _digest(*parts: object) -> str:
    """12 hex digits that change with what is asked and with how it is marked."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _kind(fields: Mapping[str, Any]) -> Kind:
    named = fields.get("kind")
    if named in KINDS:
        return named  # type: ignore[no-any-return]
    if named is not None:
        raise _Wrong(f'"kind" is {_shown(named)}: take one of {", ".join(KINDS)}, or leave it out')
    known: dict[str, Kind] = {"choices": "choice", "tests": "code", "accepted": "exact", "answer": "exact"}
    for field, kind in {**known, "text": "text"}.items():
        if field in fields:
            return kind
    raise _Wrong('nothing says what is right: add "choices" and "answer", "answer", "accepted" or "tests"')


def _choices(fields: Mapping[str, Any]) -> tuple[tuple[str, ...], int]:
    choices = _texts(fields, "choices")
    if len(choices) < 2:
        raise _Wrong(f'"choices" has {len(choices)}: at least two are needed')
    if len(set(choices)) < len(choices):
        raise _Wrong('two of the "choices" are the same: each may stand there once')
    answer = fields.get("answer", fields.get("gold"))
    if isinstance(answer, str) and answer in choices:
        return choices, choices.index(answer)
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(choices):
        return choices, answer
    raise _Wrong(
        f'"answer" is {_shown(answer)} and not among the choices: give the text of one of them, '
        f"or its number from 0 to {len(choices) - 1}"
    )


def _accepted(fields: Mapping[str, Any]) -> tuple[str, ...]:
    if "accepted" not in fields:
        return (_text(fields, "answer"),)
    accepted = _texts(fields, "accepted")
    return accepted or _wrong('"accepted" is empty: give at least one answer')


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = fields.get(name)
    if not isinstance(values, list):
        raise _Wrong(f'"{name}" is {_shown(values)}: give a list of texts')
    return tuple(_text({name: value}, name) for value in values)


def _text(fields: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str) or not value.strip():
        raise _Wrong(f'"{name}" is {_shown(value)}: give a text in quotes')
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _Wrong(f'"{name}" has half a letter (a lone surrogate) in it: write it whole') from error
    return value


def _shown(value: object) -> str:
    return "missing" if value is None else json.dumps(value)[:60]


def _wrong(what: str) -> NoReturn:
    raise _Wrong(what)
