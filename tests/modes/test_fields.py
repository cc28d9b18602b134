"""Fields that say what they may hold, through one small table of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from modes.checks import list_of, number, one_of, table_of, text, truth, whole
from modes.fields import Unfit, Written, checked, given


@dataclass(frozen=True)
class Inner:
    share: float = given(number(0, 1, more=True), 0.5)


@dataclass(frozen=True)
class Outer:
    name: str = given(text(str.strip))
    count: int | None = given(whole(1, 9), None)
    sure: bool = given(truth, False)
    kind: str = given(one_of("plain", "fancy"), "plain")
    tags: tuple[str, ...] = given(list_of(text()), ())
    inner: Inner = given(table_of(Inner), Inner())
    more: Mapping[str, str] = given(dict, {})


def outer(**table: Any) -> Outer:
    return Outer(**checked(Outer, {"name": "n"} | table))


def complaints(**table: Any) -> list[tuple[str, str]]:
    with pytest.raises(Unfit) as refused:
        outer(**table)
    return list(refused.value.complaints)


def test_what_is_not_given_is_left_to_the_defaults() -> None:
    assert checked(Outer, {"name": " n "}) == {"name": "n"}
    assert outer() == Outer("n")
    assert outer().more is not outer().more


def test_values_come_as_the_program_takes_them() -> None:
    found = outer(count=3, sure=True, kind="fancy", tags=["a", "b"], inner={"share": 1})
    assert found == Outer("n", 3, True, "fancy", ("a", "b"), Inner(1.0))
    assert isinstance(found.inner.share, float)


def test_none_is_taken_where_it_is_the_default_and_nowhere_else() -> None:
    assert outer(count=None).count is None
    assert complaints(sure=None) == [("sure", "found null, expected true or false")]


def test_all_that_is_wrong_is_told_in_the_order_of_the_fields_and_then_what_is_unknown() -> None:
    with pytest.raises(Unfit) as refused:
        checked(Outer, {"knd": 1, "inner": {"share": 0, "shar": 1}, "tags": ["a", 1], "count": True})
    assert list(refused.value.complaints) == [
        ("name", "missing: it has to be given"),
        ("count", "found true, expected a whole number"),
        ("tags[1]", "found 1, expected text in quotes"),
        ("inner.share", "found 0, expected more than 0"),
        ("inner.shar", "unknown field (did you mean share?)"),
        ("knd", "unknown field (did you mean kind?)"),
    ]
    assert str(refused.value).startswith("name: missing: it has to be given; count: found true")


def test_other_names_can_be_known_than_those_of_the_fields() -> None:
    with pytest.raises(Unfit, match=r"^extend: unknown field \(did you mean extends\?\)$"):
        checked(Outer, {"name": "n", "extend": 1}, ["extends"])


def test_a_name_cannot_steer_the_terminal() -> None:
    assert complaints(**{"a\x1b": 1})[0][0] == "a?"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "at least 1"),
        (10, "at most 9"),
        (1.0, "a whole number"),
        ("1", "a whole number"),
        (Written("1.5"), "a whole number"),
        (Written("10"), "at most 9"),
    ],
)
def test_a_whole_number_is_within_its_bounds(value: object, expected: str) -> None:
    ((place, told),) = complaints(count=value)
    assert place == "count" and told.endswith(f", expected {expected}")


def test_what_is_written_where_all_is_text_is_read() -> None:
    found = checked(Outer, {"name": Written("n"), "count": Written(" 4 "), "sure": Written("On")})
    assert found == {"name": "n", "count": 4, "sure": True}
    assert type(found["name"]) is str
