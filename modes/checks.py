"""What one value from outside may be: text, a number within bounds, one of several words, a list, a table.

Each of these makes a check for `modes.fields.given`. This module must not know which fields there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from modes.fields import Check, Unfit, Written, checked, every

_TRUTHS = dict.fromkeys(("1", "on", "t", "true", "y", "yes"), True)
_TRUTHS |= dict.fromkeys(("0", "off", "f", "false", "n", "no"), False)


def text(form: Callable[[str], str] = str) -> Check:
    """Text, as ``form`` makes it."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError("text in quotes")
        return form(value)

    return check


def whole(least: int, most: int | None = None) -> Check:
    """A whole number from ``least`` to ``most``."""

    def check(value: object) -> int:
        if isinstance(value, Written):
            with suppress(ValueError):
                value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("a whole number")
        _check_within(value, least, most)
        return value

    return check


def number(least: float, most: float, more: bool = False) -> Check:
    """A number from ``least``, or ``more`` than that, to ``most``."""

    def check(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError("a number")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("a finite number")
        if more and value == least:
            raise ValueError(f"more than {least}")
        _check_within(value, least, most)
        return float(value)

    return check


def truth(value: object) -> bool:
    """True or false."""
    found = _TRUTHS.get(value.lower()) if isinstance(value, Written) else value
    if not isinstance(found, bool):
        raise ValueError("true or false")
    return found


def one_of(*choices: str) -> Check:
    """One of these texts."""
    *others, last = map(repr, choices)

    def check(value: object) -> str:
        if value not in choices:
            raise ValueError(f"{', '.join(others)} or {last}" if others else last)
        return str(value)

    return check


def list_of(check: Check) -> Check:
    """A list in which each fits ``check``, as a tuple."""

    def each(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError("a list")
        return tuple(every((f"[{at}]", check, one) for at, one in enumerate(value)))

    return each


def table_of(cls: type) -> Check:
    """A table that makes a ``cls``."""

    def check(value: object) -> Any:
        if not isinstance(value, dict):
            raise ValueError("a table")
        try:
            return cls(**checked(cls, value))
        except Unfit as inner:
            raise Unfit((f".{place}", text) for place, text in inner.complaints) from None

    return check


def _check_within(value: float, least: float, most: float | None) -> None:
    if value < least:
        raise ValueError(f"at least {least}")
    if most is not None and value > most:
        raise ValueError(f"at most {most}")
