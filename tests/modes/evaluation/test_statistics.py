"""What answers allow to be said: checked against worked examples, against chance, and at the edges."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modes.evaluation import statistics

COUNTS = st.integers(0, 400)


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    # Newcombe 1998 (Statistics in Medicine 17), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_that_of_the_literature(right: int, count: int, low: float, high: float) -> None:
    found = statistics.wilson(right, count)
    assert [found.low, found.high] == pytest.approx([low, high], abs=6e-5)


@settings(deadline=None)
@given(COUNTS, COUNTS)
def test_wilsons_interval_holds_the_share_and_stays_within_0_and_1(right: int, wrong: int) -> None:
    found = statistics.wilson(right, right + wrong)
    share = right / (right + wrong) if right + wrong else 0.5
    assert 0 <= found.low <= share <= found.high <= 1


def mcnemar(better: int, worse: int) -> float:
    """Exact two-sided p that changes in both directions are equally likely (McNemar 1947; binomial ½)."""
    count = better + worse
    tail = sum(math.comb(count, k) for k in range(min(better, worse) + 1))
    return float(min(Fraction(1), Fraction(2 * tail, 2**count)))


def p_of(changes: list[int], facts: list[int]) -> float:
    """Of answers that became right (1), wrong (-1) or stayed (0)."""
    before, after = [one < 0 for one in changes], [one > 0 for one in changes]
    return statistics.compared(before, after, facts, resamples=1).p


@settings(deadline=None)
@given(COUNTS, COUNTS, st.integers(0, 9))
def test_p_is_mcnemars_where_every_fact_has_one_item(better: int, worse: int, same: int) -> None:
    changes = [1] * better + [-1] * worse + [0] * (same + 1)
    found = p_of(changes, list(range(len(changes))))
    assert 0 <= found <= 1
    assert found == pytest.approx(mcnemar(better, worse), rel=1e-9)


def test_p_of_very_many_changes_in_one_direction_is_nothing_at_all() -> None:
    assert p_of([1] * 5, list(range(5))) == pytest.approx(2 / 32)
    assert p_of([1] * 500, list(range(500))) == pytest.approx(2.0**-499)
    assert p_of([1] * 3000, list(range(3000))) == 0


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.integers(0, 6)), min_size=1, max_size=40))
def test_p_is_the_share_of_all_signs_of_the_facts_with_a_sum_as_far_from_nothing(
    answers: list[tuple[int, int]],
) -> None:
    changes, facts = (list(column) for column in zip(*answers, strict=True))
    sums = [sum(one for one, its in answers if its == fact) for fact in set(facts)]
    flipped = [
        abs(sum(a * b for a, b in zip(signs, sums, strict=True)))
        for signs in product((1, -1), repeat=len(sums))
    ]
    share = sum(one >= abs(sum(sums)) for one in flipped) / len(flipped)
    assert p_of(changes, facts) == pytest.approx(share)


def test_wordings_that_change_together_are_not_taken_for_evidence() -> None:
    rng, found = np.random.default_rng(4), 0
    for _ in range(400):
        base, own = rng.random((2, 25)) < 0.5  # of 25 facts, each known or not, in all four wordings
        before, after = (np.repeat(side, 4) ^ (rng.random(100) < 0.05) for side in (base, own))
        facts = [at // 4 for at in range(100)]
        found += statistics.compared(before, after, facts, resamples=1).p < 0.05
    assert found / 400 <= 0.08


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=60))
def test_no_change_is_no_difference(answers: list[tuple[bool, int]]) -> None:
    marks, facts = [float(right) for right, _fact in answers], [fact for _right, fact in answers]
    found = statistics.compared(marks, marks, facts, resamples=100)
    assert [found.value, found.interval.low, found.interval.high, found.p] == [0, 0, 0, 1]
    assert [found.items, found.facts] == [len(facts), len(set(facts))]


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9)), min_size=1, max_size=60))
def test_the_other_direction_has_the_other_sign(answers: list[tuple[bool, bool, int]]) -> None:
    before, after, facts = (list(column) for column in zip(*answers, strict=True))
    there = statistics.compared(before, after, facts, resamples=200)
    back = statistics.compared(after, before, facts, resamples=200)
    assert there.value == pytest.approx(-back.value)
    assert there.interval.low == pytest.approx(-back.interval.high)
    assert [there.better, there.worse, there.p] == [back.worse, back.better, back.p]
    assert -1 <= there.interval.low <= there.interval.high <= 1


def test_the_interval_is_that_of_the_normal_law_for_many_facts() -> None:
    rng = np.random.default_rng(1)
    before = rng.random(500) < 0.6
    after = np.where(rng.random(500) < 0.1, ~before, before)
    found = statistics.compared(before, after, range(500))
    spread = float(np.std(after.astype(float) - before, ddof=1))
    assert found.half_width == pytest.approx(1.96 * spread / math.sqrt(500), rel=0.05)


def test_wordings_of_one_fact_are_no_more_evidence_than_the_fact() -> None:
    rng = np.random.default_rng(2)
    before, after = (np.repeat(rng.random(50) < share, 8) for share in (0.5, 0.7))
    alone = statistics.compared(before[::8], after[::8], range(50))
    clustered = statistics.compared(before, after, [at // 8 for at in range(400)])
    naive = statistics.compared(before, after, range(400))
    assert clustered.half_width == pytest.approx(alone.half_width, rel=0.05)
    assert naive.half_width < 0.5 * clustered.half_width


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for seed in range(200):
        before, after = rng.random(100) < 0.5, rng.random(100) < 0.6
        found = statistics.compared(before, after, range(100), seed=seed, resamples=500)
        covered += found.interval.low <= 0.1 <= found.interval.high
    assert 0.90 <= covered / 200 <= 0.99


def test_the_same_seed_gives_the_same_interval() -> None:
    args = ([0, 1, 0, 1, 1], [1, 1, 0, 0, 1], "abcde")
    assert statistics.compared(*args, seed=7) == statistics.compared(*args, seed=7)


def test_other_numbers_than_right_and_wrong_have_an_interval_and_no_p() -> None:
    found = statistics.compared([1.5, 2.5, 3.0], [1.0, 2.0, 3.5], "abc")
    assert found.value == pytest.approx(-1 / 6)
    assert found.p == 1


def test_values_of_other_items_are_refused() -> None:
    with pytest.raises(ValueError, match="not the same items"):
        statistics.compared([1, 0], [1], "ab")
    with pytest.raises(ValueError, match="not the same items"):
        statistics.compared([], [], "")


def test_holm_is_worked_through() -> None:
    found = statistics.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(found) == ["a", "b", "c", "d"]
    assert statistics.holm({}) == {}


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.floats(0, 1), max_size=8))
def test_holm_only_raises_p_and_keeps_its_order(p: dict[str, float]) -> None:
    found = statistics.holm(p)
    assert all(p[name] <= found[name] <= 1 for name in p)
    ordered = sorted(p, key=lambda name: p[name])
    assert [found[name] for name in ordered] == sorted(found.values())


def test_chance_is_zero_and_all_right_is_one() -> None:
    assert statistics.chance_corrected(0.25, 0.25) == 0
    assert statistics.chance_corrected(1.0, 0.25) == 1
    assert statistics.chance_corrected(0.0, 0.5) == -1


def test_five_hundred_items_resolve_five_points_and_a_hundred_do_not() -> None:
    assert [round(100 * statistics.half_width(500, share), 1) for share in (0.05, 0.15)] == [2.0, 3.4]
    assert statistics.resolution(500) == ""
    assert statistics.resolution(100) == "cannot resolve 5 points: 100 items tell 7.6 points either way"
    assert statistics.resolution(0) == "cannot resolve 5 points: 0 items tell nothing"


def test_facts_are_called_facts_and_an_interval_that_was_measured_counts_more_than_a_guess() -> None:
    said = statistics.resolution(121, what="facts")
    assert said == "cannot resolve 5 points: 121 facts tell 6.9 points either way"
    assert statistics.resolution(121, what="facts", half=0.049) == ""
    said = statistics.resolution(500, what="facts", half=0.06)
    assert said == "cannot resolve 5 points: 500 facts tell 6.0 points either way"
    assert statistics.resolution(100, half=0.0) == statistics.resolution(100)


def test_what_was_never_seen_may_still_be_three_in_as_many_as_were_looked_at() -> None:
    assert [round(statistics.unseen(count), 3) for count in (1, 59, 60, 300)] == [0.95, 0.05, 0.049, 0.01]
