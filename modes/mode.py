"""A mode as its file says it: prompt, sampling, memory policy, looks, and the coefficients it names.

This module must not know where mode files lie, nor whether the coefficients exist.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from engine.contract import Sampling
from modes.blend import ALIASES, BASE

_DEFAULT = Sampling()


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


Name = Annotated[str, AfterValidator(_name)]
Line = Annotated[str, AfterValidator(_line)]
Filled = Annotated[str, AfterValidator(_filled)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class SamplingPolicy(_Frozen):
    """How a mode's tokens are chosen: the fields of `engine.contract.Sampling`, within their ranges.

    ``repeat_last_n`` -1 looks back over the whole context; ``seed`` None draws a fresh one.
    """

    temperature: Annotated[float, Field(ge=0, le=2)] = _DEFAULT.temperature
    top_k: Annotated[int, Field(ge=0, le=1_000_000)] = _DEFAULT.top_k
    top_p: Annotated[float, Field(gt=0, le=1)] = _DEFAULT.top_p
    min_p: Annotated[float, Field(ge=0, le=1)] = _DEFAULT.min_p
    repeat_penalty: Annotated[float, Field(gt=0, le=2)] = _DEFAULT.repeat_penalty
    repeat_last_n: Annotated[int, Field(ge=-1, le=1_000_000)] = _DEFAULT.repeat_last_n
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = _DEFAULT.frequency_penalty
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] = _DEFAULT.presence_penalty
    # llama.cpp keeps 2³²-1 to mean "draw one".
    seed: Annotated[int, Field(ge=0, le=2**32 - 2)] | None = _DEFAULT.seed

    def values(self) -> Sampling:
        """The same, as the engine takes it."""
        return Sampling(**self.model_dump())


class MemoryPolicy(_Frozen):
    """Which memories a mode recalls: up to ``k`` from ``domains`` (empty: from every domain)."""

    domains: Annotated[tuple[Line, ...], Field(strict=False)] = ()
    k: Annotated[int, Field(ge=0, le=5)] = 5
    profile: Literal["balanced", "federation", "relevance"] = "balanced"
    sacred: bool = False
    enabled: bool = True


class Mode(_Frozen):
    """One mode, validated. ``name`` is the stem of its file, everything else is in the file.

    ``thinking_budget`` is the most tokens of thinking before an answer, None for no limit.
    ``lacks`` is a sentence about what the mode cannot do here yet; ``glyph`` is one terminal cell wide.
    """

    name: Name
    title: Line
    description: Line
    prompt: Annotated[str, AfterValidator(str.strip)] = ""
    sampling: SamplingPolicy = SamplingPolicy()
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    stop: Annotated[tuple[Filled, ...], Field(strict=False)] = ()
    memory: MemoryPolicy = MemoryPolicy()
    thinking: Literal["auto", "on", "off"] = "auto"
    thinking_budget: Annotated[int, Field(ge=1)] | None = None
    colour: Annotated[str, AfterValidator(_colour)] = "#8a8f98"
    glyph: Annotated[str, AfterValidator(_glyph)] = "•"
    ascii: Annotated[str, AfterValidator(_ascii)] = "*"
    coefficients: Name | None = None
    lacks: Line | None = None

    @field_validator("coefficients")
    @classmethod
    def _base_is_bare(cls, coefficients: str | None, info: ValidationInfo) -> str | None:
        if coefficients is not None and info.data.get("name") == BASE:
            raise ValueError(f"none: {BASE} is the model itself; give them to another mode")
        return coefficients

    @cached_property
    def version(self) -> str:
        """12 hex digits that change with what the file means, not with how it is written."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()[:12]
