"""What each field of a table may hold, said once where the field is declared, and checked by that.

A dataclass declares its fields with `given`; `checked` holds a table to them and tells all that is wrong.
This module must not know what any table means: modes and the program's settings both come through it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from modes import tables

#: Gives a value as the program takes it. Raises `ValueError`, whose text says what was expected.
Check = Callable[[Any], Any]

_NOTHING: Any = object()


class Unfit(ValueError):
    """``complaints`` are ``(place, text)``; the place is a field's name, or begins with ``.`` or ``[``."""

    def __init__(self, complaints: Iterable[tuple[str, str]]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("; ".join(f"{place}: {text}" for place, text in self.complaints))


class Written(str):
    """A value from where all is text, such as a variable: numbers and truths are read out of it."""

    __slots__ = ()


def given(check: Check, default: Any = _NOTHING) -> Any:
    """A field of a dataclass; without ``default`` it has to be given, with None for one it may be None."""
    metadata = {"check": check}
    if default is _NOTHING:
        return dataclasses.field(metadata=metadata)
    if isinstance(default, dict):
        return dataclasses.field(default_factory=default.copy, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def checked(cls: type, table: Mapping[str, object], known: Collection[str] | None = None) -> dict[str, Any]:
    """The values of ``table`` as the fields of ``cls`` take them. Raises `Unfit`.

    ``known`` replaces the fields' names as those that an unknown one may be near.
    """
    declared = {field.name: field for field in dataclasses.fields(cls)}
    places: dict[str, tuple[Check, object]] = {}
    for name, field in declared.items():
        if name in table:
            if table[name] is not None or field.default is not None:
                places[name] = field.metadata["check"], table[name]
        elif field.default is field.default_factory is dataclasses.MISSING:
            places[name] = _missing, None
    for name in table:
        if name not in declared:
            places[name] = _unknown(declared if known is None else known), name
    return dict(zip(places, every((name, *what) for name, what in places.items()), strict=True))


def every(places: Iterable[tuple[str, Check, object]]) -> list[Any]:
    """What each check makes of its value. Raises `Unfit` with all that is wrong."""
    good: list[Any] = []
    wrong: list[tuple[str, str]] = []
    for place, check, value in places:
        try:
            good.append(check(value))
        except Unfit as inner:
            wrong += [(tables.printable(place) + within, text) for within, text in inner.complaints]
        except ValueError as error:
            wrong.append((tables.printable(place), f"found {tables.shown(value)}, expected {error}"))
    if wrong:
        raise Unfit(wrong)
    return good


def _missing(_: object) -> Any:
    raise Unfit([("", "missing: it has to be given")])


def _unknown(known: Iterable[str]) -> Check:
    def check(name: str) -> Any:
        raise Unfit([("", f"unknown field{tables.nearest(name, known)}")])

    return check
