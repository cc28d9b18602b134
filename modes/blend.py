"""The text of a mode or blend (``legal``, ``legal*0.7+reasoning*0.3``): read it, write it.

This module must not know which modes exist.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

#: The mode without a prompt or coefficients, and the other names it answers to in a blend's text.
BASE = "base"
ALIASES = frozenset({"off", "none"})

MAX_PARTS = 8
MAX_WEIGHT = 2.0

Parts = tuple[tuple[str, float], ...]

_EXAMPLE = "write it like legal*0.7+reasoning*0.3"
# A + that belongs to a number (1e+0, *+0.5) does not part two modes.
_JOIN = re.compile(r"(?<!\*)(?<!\d[eE])\+")


class VoiceError(ValueError):
    """A text that names no mode or blend to speak in."""


class BadBlend(VoiceError):
    """A blend's text that cannot be read; the message says why and shows an example."""

    def __init__(self, text: str, reason: str) -> None:
        self.text = text
        super().__init__(f"cannot read the blend {text!r}: {reason}; {_EXAMPLE}")


def parse(text: str) -> Parts:
    """``(name, weight)`` in the order written; a weight that is left out is 1. Raises `BadBlend`.

    Weights are finite, not zero, and within -2..2. Names are not looked up, except that ``off`` and
    ``none`` become ``base``.
    """
    compact = re.sub(r"\s*([*+])\s*", r"\1", text.strip())
    parts = tuple(_part(text, piece) for piece in _JOIN.split(compact))
    if len(parts) > MAX_PARTS:
        raise BadBlend(text, f"it has {len(parts)} parts and at most {MAX_PARTS} can be blended")
    _check_base(text, parts)
    _check_repeats(text, parts)
    return parts


def format(parts: Iterable[tuple[str, float]]) -> str:
    """The canonical text, so that ``parse(format(parts)) == parts``; a weight of 1 is left out."""
    return "+".join(name if weight == 1 else f"{name}*{weight!r}" for name, weight in parts)


def _part(text: str, piece: str) -> tuple[str, float]:
    name, star, weight = piece.partition("*")
    if not name:
        raise BadBlend(text, "a mode's name is missing" if text.strip() else "it is empty")
    if len(name.split()) > 1:
        raise BadBlend(text, f"{name!r} holds a space where a + is needed")
    return BASE if name in ALIASES else name, _weight(text, name, weight) if star else 1.0


def _weight(text: str, name: str, written: str) -> float:
    try:
        weight = float(written)
    except ValueError:
        raise BadBlend(text, f"the weight of {name} is {written!r}, which is not a number") from None
    if not math.isfinite(weight) or abs(weight) > MAX_WEIGHT:
        raise BadBlend(text, f"the weight of {name} is {written}, outside {-MAX_WEIGHT:g}..{MAX_WEIGHT:g}")
    if weight == 0:
        raise BadBlend(text, f"the weight of {name} is zero: leave {name} out instead")
    return weight


def _check_base(text: str, parts: Parts) -> None:
    if any(name == BASE for name, _ in parts) and parts != ((BASE, 1.0),):
        raise BadBlend(text, f"{BASE} has no coefficients to blend: lower the other weights instead")


def _check_repeats(text: str, parts: Parts) -> None:
    names = [name for name, _ in parts]
    for name in names:
        if names.count(name) > 1:
            total = math.fsum(weight for other, weight in parts if other == name)
            usable = 0 < abs(total) <= MAX_WEIGHT
            instead = f", as in {format([(name, float(f'{total:.6g}'))])}" if usable else ""
            raise BadBlend(text, f"{name} is named twice: add its weights and name it once{instead}")
