from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, asdict, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import Sampling
from modes.fields import Unfit, checked
from modes.mode import Mode, SamplingPolicy


def make(**fields: Any) -> Mode:
    return Mode(**checked(Mode, {"name": "test", "title": "Test", "description": "For tests."} | fields))


def refused(**fields: Any) -> list[str]:
    """The places complained of."""
    with pytest.raises(Unfit) as error:
        make(**fields)
    return [place for place, _ in error.value.complaints]


def test_sampling_has_the_engines_fields_and_defaults() -> None:
    assert {field.name for field in fields(SamplingPolicy)} == {field.name for field in fields(Sampling)}
    assert make().sampling.values() == Sampling()


def test_sampling_that_is_named_reaches_the_engine() -> None:
    named = {"temperature": 0, "top_k": 3, "min_p": 0.5, "repeat_last_n": -1, "seed": 7}
    assert make(sampling=named).sampling.values() == Sampling(**(asdict(Sampling()) | named))


@pytest.mark.parametrize(
    "sampling",
    [
        {"temperature": -0.1},
        {"temperature": 2.1},
        {"temperature": float("nan")},
        {"temperature": True},
        {"temperature": "0.5"},
        {"top_k": -1},
        {"top_k": 1.5},
        {"top_p": 0},
        {"top_p": 1.1},
        {"min_p": -0.1},
        {"min_p": 1.1},
        {"repeat_penalty": 0},
        {"repeat_penalty": 2.1},
        {"repeat_last_n": -2},
        {"frequency_penalty": -2.1},
        {"presence_penalty": 2.1},
        {"seed": -1},
        {"seed": 2**32 - 1},
    ],
)
def test_sampling_out_of_its_range_or_type_is_refused(sampling: dict[str, Any]) -> None:
    assert refused(sampling=sampling) == [f"sampling.{field}" for field in sampling]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Legal"),
        ("name", "2nd"),
        ("name", "a" * 33),
        ("name", "with.dot"),
        ("name", "legal\n"),
        ("name", "off"),
        ("name", "none"),
        ("title", " "),
        ("title", "two\nlines"),
        ("description", "steers \x1b[31m the terminal"),
        ("prompt", 3),
        ("max_tokens", 0),
        ("max_tokens", True),
        ("thinking", "yes"),
        ("thinking", True),
        ("thinking_budget", 0),
        ("thinking_budget", "all"),
        ("colour", "red"),
        ("colour", "#12345"),
        ("glyph", ""),
        ("glyph", "ab"),
        ("glyph", "界"),
        ("glyph", "😀"),
        ("glyph", "\u0301"),
        ("glyph", " "),
        ("ascii", ""),
        ("ascii", "abc"),
        ("ascii", "é"),
        ("ascii", "a "),
        ("coefficients", "../legal"),
        ("lacks", ""),
    ],
)
def test_a_field_of_the_wrong_form_is_refused(field: str, value: object) -> None:
    assert refused(**{field: value}) == [field]


@pytest.mark.parametrize(
    "memory",
    [{"k": 6}, {"k": -1}, {"profile": "best"}, {"sacred": 1}, {"domains": "legal"}, {"domains": [""]}],
)
def test_a_memory_policy_of_the_wrong_form_is_refused(memory: dict[str, Any]) -> None:
    (place,) = refused(memory=memory)
    assert place.removesuffix("[0]") == f"memory.{next(iter(memory))}"


def test_base_cannot_have_coefficients() -> None:
    assert make(name="test", coefficients="legal").coefficients == "legal"
    with pytest.raises(Unfit, match="base is the model itself"):
        make(name="base", coefficients="legal")


def test_a_mode_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        make().title = "Other"  # type: ignore[misc]  # the very mistake under test


def test_the_version_is_twelve_hex_digits_and_the_same_for_the_same_content() -> None:
    assert re.fullmatch("[0-9a-f]{12}", make().version)
    assert make(sampling={"temperature": 1}).version == make(sampling={"temperature": 1.0}).version
    assert make(colour="#ABCDEF", stop=[]).version == make(colour="#abcdef").version


CHANGES: list[dict[str, Any]] = [
    {"name": "other"},
    {"title": "Other"},
    {"description": "Other."},
    {"prompt": "Be brief."},
    {"sampling": {"temperature": 0.1}},
    {"sampling": {"seed": 1}},
    {"max_tokens": 10},
    {"stop": ["a", "b"]},
    {"stop": ["b", "a"]},
    {"memory": {"k": 1}},
    {"memory": {"domains": ["legal"]}},
    {"memory": {"enabled": False}},
    {"thinking": "off"},
    {"thinking_budget": 64},
    {"colour": "#000000"},
    {"glyph": "x"},
    {"ascii": "x"},
    {"coefficients": "legal"},
    {"lacks": "Something."},
]


def test_the_version_changes_with_every_field() -> None:
    versions = {make(**change).version for change in [{}, *CHANGES]}
    assert len(versions) == len(CHANGES) + 1
    assert {key for change in CHANGES for key in change} == {field.name for field in fields(Mode)}


@given(st.text(max_size=30), st.text(max_size=30))
def test_two_prompts_have_one_version_only_when_they_are_the_same(one: str, other: str) -> None:
    same = one.strip() == other.strip()
    assert (make(prompt=one).version == make(prompt=other).version) == same
