"""The formulas of temperature, for any memory at any time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.record import Memory
from memory.temperature import (
    DAY,
    GRACE,
    PACE,
    SACRED_GRACE,
    USED_MOST,
    cooled,
    faded,
    floor_of,
    heat,
    reheated,
    stage_of,
)

degrees = st.floats(0, 100)
anything = st.one_of(st.floats(), degrees)
seconds = st.floats(0, 20 * 365 * DAY)
domains = st.sampled_from([None, "legal", *PACE])


def grace(sacred: bool) -> float:
    return SACRED_GRACE if sacred else GRACE


@given(anything, seconds, st.booleans(), domains)
def test_it_stays_between_its_floor_and_a_hundred(
    t: float, d: float, sacred: bool, domain: str | None
) -> None:
    assert floor_of(sacred) <= cooled(t, d, sacred, domain) <= 100


@given(degrees, seconds, seconds, st.booleans(), domains)
def test_it_never_rises_by_itself(t: float, a: float, b: float, sacred: bool, domain: str | None) -> None:
    assert cooled(t, a + b, sacred, domain) <= cooled(t, a, sacred, domain) + 1e-9


@given(degrees, seconds, st.booleans(), domains)
def test_it_never_jumps(t: float, d: float, sacred: bool, domain: str | None) -> None:
    assert abs(cooled(t, d + 1, sacred, domain) - cooled(t, d, sacred, domain)) < 0.001


@given(degrees, seconds, seconds, st.booleans(), domains)
def test_after_the_grace_two_spans_cool_like_their_sum(
    t: float, a: float, b: float, sacred: bool, domain: str | None
) -> None:
    whole = cooled(t, grace(sacred) + a + b, sacred, domain)
    first = cooled(t, grace(sacred) + a, sacred, domain)
    assert math.isclose(cooled(first, grace(sacred) + b, sacred, domain), whole, abs_tol=1e-6)


@given(degrees, st.booleans(), domains, st.floats(0, 1))
def test_within_the_grace_nothing_cools(t: float, sacred: bool, domain: str | None, part: float) -> None:
    assert cooled(t, part * grace(sacred), sacred, domain) == cooled(t, 0, sacred, domain)


@given(degrees, seconds)
def test_an_anchor_in_the_future_does_not_cool(t: float, ahead: float) -> None:
    memory = Memory("L1", "text", t, anchor_at=1e9 + ahead, created_at=0)
    assert heat(memory, 1e9) == cooled(t, 0)


@given(degrees)
def test_use_never_lowers_and_never_heats_above_85(t: float) -> None:
    assert t <= reheated(t) <= max(t, USED_MOST)


@given(anything, st.floats(-10, 200), seconds)
def test_a_row_of_others_has_its_own_heat_and_ours(t: float, added: float, d: float) -> None:
    memory = Memory("7", "text", t, 0, 0, "federation")
    assert 0 <= heat(memory, d) <= heat(memory, d, added) <= 100


@given(degrees, seconds, seconds)
def test_what_use_has_added_fades(added: float, a: float, b: float) -> None:
    assert 0 <= faded(added, a + b) <= faded(added, a) <= added


@pytest.mark.parametrize(("days", "left"), [(7, 93), (14, 83), (30, 66), (60, 42), (90, 28), (180, 10)])
def test_an_untouched_memory_cools_as_the_table_says(days: int, left: int) -> None:
    assert abs(cooled(100, days * DAY) - left) < 0.6


@pytest.mark.parametrize(
    ("t", "stage"),
    [(100, "white hot"), (90, "white hot"), (89.9, "red hot"), (65, "hot"), (50, "warm"), (30, "cool"),
     (10, "cold"), (9.9, "archive"), (-1, "archive")],
)  # fmt: skip
def test_the_stage_is_by_temperature(t: float, stage: str) -> None:
    assert stage_of(t) == stage
