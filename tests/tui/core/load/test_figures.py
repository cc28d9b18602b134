"""What is worked out from when pieces arrived."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.core.load.made import answer, turns
from tui.core.load.figures import (
    Turn,
    beside,
    by_mode,
    loads,
    percentiles,
    ratios,
    same,
    together,
    turn,
)
from tui.core.load.wave import Heard


def test_a_rate_leaves_out_the_first_token_and_the_time_before_it() -> None:
    one = answer("base", 5.0, 0.1, tokens=11)
    assert one.first == 5.0
    assert one.rate == pytest.approx(10.0)
    assert one.gaps == pytest.approx([0.1] * 10)


def test_all_together_is_from_the_first_piece_of_any_to_the_last_of_all() -> None:
    early, late = answer("base", 1.0, 0.1), answer("base", 2.0, 0.1)
    assert together([early, late]) == pytest.approx(20 / 2.0)


def test_a_piece_of_several_tokens_is_one_wait_and_counts_all_its_tokens() -> None:
    one = Heard("base", 0.0, (0.5, 1.5), tokens=9)
    assert one.gaps == [1.0]
    assert one.rate == 8.0
    (row, _) = loads([Turn(1, 0, (one,), (one,))])
    assert row["tokens_per_piece"] == 4.5


def test_what_did_not_come_times_nothing_and_is_counted() -> None:
    lost, half = Heard("legal", 0.0, error="gone"), answer("base", 0.1, 0.01, error="cut off")
    assert (lost.first, lost.rate, lost.gaps) == (None, None, [])
    (row, _) = loads([Turn(2, 0, (lost, half), (half, half))])
    assert (row["answers"], row["errors"]) == (0, 2)
    assert row["ttft_ms"] == {"p50": 100.0, "p95": 100.0, "p99": 100.0}
    assert Turn(1, 0, (lost,), (lost,)).dead
    assert not Turn(1, 0, (lost,), (half,)).dead
    assert together([lost]) is None


def test_modes_are_beside_the_same_conversations_without_coefficients() -> None:
    measured = turns(4, slower=2.0)
    rows = by_mode(measured, ["base", "legal", "coding"])["4"]
    assert set(rows) == {"base", "legal"}
    assert rows["legal"]["decode"] == {"median": 0.5, "low": 0.5, "high": 0.5, "pairs": 3}
    assert rows["base"]["decode"]["median"] == 1.0
    assert rows["legal"]["ttft"]["median"] == 1.0
    assert rows["legal"]["answers"] == 6
    found = ratios(measured)["4"]
    assert found["decode"]["median"] == 0.5
    assert found["ttft"]["pairs"] == 3


def test_answers_that_differ_from_those_alone_are_counted_by_mode() -> None:
    measured = turns(2)
    alone = {"2": [answer("base", 0, 1, text="base"), answer("legal", 0, 1, text="other")]}
    assert same(measured, alone) == {"2": {"asked": 2, "differ": 1, "who": ["legal"]}}
    failed = {"2": [answer("legal", 0, 1, text="other", error="gone")]}
    assert same(measured, failed)["2"]["asked"] == 0


def test_a_turn_is_read_again_as_it_was_written() -> None:
    (one,) = turns(2, number=1)
    again = turn(json.loads(json.dumps(one.told())))
    assert again.told() == one.told()


def test_nothing_measured_is_nothing_and_no_zero() -> None:
    assert beside([(None, 1.0), (1.0, None), (0.0, 1.0)]) is None
    assert percentiles([]) == {}


@given(st.lists(st.floats(0.001, 100), min_size=1))
def test_percentiles_are_values_that_were_measured_in_order(seconds: list[float]) -> None:
    found = list(percentiles(seconds).values())
    assert found == sorted(found)
    assert set(found) <= {round(1000 * one, 2) for one in seconds}
