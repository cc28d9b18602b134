"""A mode as its file says it: prompt, sampling, memory policy, looks, and the coefficients it names.

This module must not know where mode files lie, nor whether the coefficients exist.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Literal, get_args

from engine.sampling import Sampling
from modes.blend import ALIASES, BASE
from modes.checks import list_of, number, one_of, table_of, text, truth, whole
from modes.fields import Unfit, given
from modes.tables import shown

_DEFAULT = Sampling()

Profile = Literal["balanced", "federation", "relevance"]
Thinking = Literal["auto", "on", "off"]


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", text):
        raise ValueError("a name of 1 to 32 of a-z, 0-9, _ and -, beginning with a letter")
    if text in ALIASES:
        raise ValueError(f"another name: {text} already means {BASE}")
    return text


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("one line of text, not empty")
    return text.strip()


def _colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError("a colour such as #4f8fba")
    return text.lower()


def _glyph(text: str) -> str:
    # Wide characters and combining marks break the columns that glyphs stand in.
    one = len(text) == 1 and unicodedata.category(text)[0] in "LNPS"
    if not one or unicodedata.east_asian_width(text) in "WF":
        raise ValueError("one character, one terminal cell wide")
    return text


def _ascii(text: str) -> str:
    if not re.fullmatch(r"[!-~]{1,2}", text):
        raise ValueError("one or two visible ASCII characters")
    return text


def _filled(text: str) -> str:
    if not text:
        raise ValueError("text that is not empty")
    return text


@dataclass(frozen=True)
class SamplingPolicy:
    """How a mode's tokens are chosen: the fields of `engine.contract.Sampling`, within their ranges.

    ``repeat_last_n`` -1 looks back over the whole context; ``seed`` None draws a fresh one.
    """

    temperature: float = given(number(0, 2), _DEFAULT.temperature)
    top_k: int = given(whole(0, 1_000_000), _DEFAULT.top_k)
    top_p: float = given(number(0, 1, more=True), _DEFAULT.top_p)
    min_p: float = given(number(0, 1), _DEFAULT.min_p)
    repeat_penalty: float = given(number(0, 2, more=True), _DEFAULT.repeat_penalty)
    repeat_last_n: int = given(whole(-1, 1_000_000), _DEFAULT.repeat_last_n)
    frequency_penalty: float = given(number(-2, 2), _DEFAULT.frequency_penalty)
    presence_penalty: float = given(number(-2, 2), _DEFAULT.presence_penalty)
    # llama.cpp keeps 2³²-1 to mean "draw one".
    seed: int | None = given(whole(0, 2**32 - 2), _DEFAULT.seed)

    def values(self) -> Sampling:
        """The same, as the engine takes it."""
        return Sampling(**asdict(self))


@dataclass(frozen=True)
class MemoryPolicy:
    """Which memories a mode recalls: up to ``k`` from ``domains`` (empty: from every domain)."""

    domains: tuple[str, ...] = given(list_of(text(_line)), ())
    k: int = given(whole(0, 5), 5)
    profile: Profile = given(one_of(*get_args(Profile)), "balanced")
    sacred: bool = given(truth, False)
    enabled: bool = given(truth, True)


@dataclass(frozen=True)
class Mode:
    """One mode, as `modes.fields.checked` made it. ``name`` is the stem of its file, all else is in the file.

    ``thinking_budget`` is the most tokens of thinking before an answer, None for no limit.
    ``lacks`` is a sentence about what the mode cannot do here yet; ``glyph`` is one terminal cell wide.
    """

    name: str = given(text(_name))
    title: str = given(text(_line))
    description: str = given(text(_line))
    prompt: str = given(text(str.strip), "")
    sampling: SamplingPolicy = given(table_of(SamplingPolicy), SamplingPolicy())
    max_tokens: int | None = given(whole(1, 1_000_000), None)
    stop: tuple[str, ...] = given(list_of(text(_filled)), ())
    memory: MemoryPolicy = given(table_of(MemoryPolicy), MemoryPolicy())
    thinking: Thinking = given(one_of(*get_args(Thinking)), "auto")
    thinking_budget: int | None = given(whole(1), None)
    colour: str = given(text(_colour), "#8a8f98")
    glyph: str = given(text(_glyph), "•")
    ascii: str = given(text(_ascii), "*")
    coefficients: str | None = given(text(_name), None)
    lacks: str | None = given(text(_line), None)

    def __post_init__(self) -> None:
        if self.name == BASE and self.coefficients is not None:
            found = f"found {shown(self.coefficients)}, expected none"
            raise Unfit([("coefficients", f"{found}: {BASE} is the model itself; give them to another mode")])

    @cached_property
    def version(self) -> str:
        """12 hex digits that change with what the file means, not with how it is written."""
        import hashlib  # takes long to import, and is wanted with the first answer only
        import json

        content = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()[:12]
