"""Combined ratings: the published examples, and what holds for all."""

from __future__ import annotations

import itertools
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from modes.evaluation.domains import legal
from modes.evaluation.domains.ratings import bilateral, chain, combine, combined, drawn, listed, percent

tens = st.integers(1, 10).map(lambda n: 10 * n)
several = st.lists(tens, min_size=1, max_size=6)


def test_the_published_example_of_three_disabilities() -> None:
    assert combine(60, 40) == 76
    assert combine(76, 20) == 81
    assert combined([20, 60, 40]) == 80


def test_the_published_example_of_the_bilateral_factor() -> None:
    assert chain([10, 10]) == 19
    assert bilateral([10, 10]) == 21
    assert combine(60, 21) == 68
    assert combine(68, 20) == 74
    assert combined([60, 20], [10, 10]) == 70


def test_rows_of_the_published_table() -> None:
    assert [combine(a, b) for a, b in ((19, 10), (50, 30), (47, 20), (90, 90), (94, 80))] == [
        27,
        65,
        58,
        99,
        99,
    ]


def test_a_five_is_rounded_up_and_only_at_the_end() -> None:
    assert chain([50, 30]) == 65
    assert combined([50, 30]) == 70
    assert combined([90, 50]) == 100
    assert combined([40, 40, 20]) == 70  # 64, 71: no ten in between


@given(several)
def test_order_does_not_matter_and_100_is_the_most(ratings: list[int]) -> None:
    assert combined(ratings) == combined(ratings[::-1])
    assert max(ratings) <= chain(ratings) <= 100
    assert combined(ratings) % 10 == 0
    assert combined(ratings) <= 100


@given(several, tens)
def test_one_more_disability_never_lowers_it(ratings: list[int], more: int) -> None:
    assert combined([*ratings, more]) >= combined(ratings)


@given(st.integers(0, 100), st.integers(0, 100))
def test_two_combine_as_the_exact_formula_says_within_half_a_point(a: int, b: int) -> None:
    assert abs(combine(a, b) - (a + b * (100 - a) / 100)) <= 0.5
    assert combine(a, b) == combine(b, a)


@given(several, st.lists(tens, min_size=2, max_size=4))
def test_both_sides_are_never_worth_less_than_apart(ratings: list[int], sides: list[int]) -> None:
    assert combined(ratings, sides) >= combined([*ratings, *sides])


def test_every_pair_that_is_asked_freshly_was_never_trained() -> None:
    known = {listed(pair) for pair in legal.PAIRS}
    fresh = legal.RATINGS.drafts("T4", 300, Random(1))
    assert not any(f"/{pair}/" in draft.fact for draft in fresh for pair in known)


def test_what_is_asked_of_three_or_of_both_sides_is_answered_by_the_formula() -> None:
    by_prompt = {
        legal.RATINGS.three.format(ratings=listed(three)): percent(combined(three))
        for three in itertools.combinations_with_replacement(range(80, 0, -10), 3)
    } | {
        legal.RATINGS.both.format(rating=one, sides=listed(two)): percent(combined([one], two))
        for one in range(10, 90, 10)
        for two in itertools.combinations_with_replacement(range(40, 0, -10), 2)
    }
    for draft in legal.RATINGS.drafts("T3", 200, Random(1)):
        assert draft.right == by_prompt[draft.prompt]
        assert len({draft.right, *draft.wrong}) == 4


def test_drawn_ratings_are_tens_the_largest_first() -> None:
    assert all(drawn(3, Random(seed)) == sorted(drawn(3, Random(seed)), reverse=True) for seed in range(20))
    assert all(10 <= one <= 40 for seed in range(50) for one in drawn(2, Random(seed), most=40))
