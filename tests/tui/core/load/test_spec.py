"""How many conversations at once, and how deep, as people write it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.evaluation.endings import NothingToAsk
from tui.core.load.spec import MOST, Wanted, parse_counts, parse_depth


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("8", (8,)),
        ("1,4,8", (1, 4, 8)),
        ("8, 1", (1, 8)),
        ("1..16", (1, 2, 4, 8, 16)),
        ("1 .. 12", (1, 2, 4, 8, 12)),
        ("3..3", (3,)),
        ("1..4,4,6", (1, 2, 4, 6)),
    ],
)
def test_numbers_lists_and_doubling_ranges_are_read(text: str, counts: tuple[int, ...]) -> None:
    assert parse_counts(text) == counts


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write a number"),
        ("1-8", r"--slots 1-8: write a number, some with commas \(1,4,8\), or a range \(1..16\)"),
        ("many", "write a number"),
        ("1,,2", "write a number"),
        ("0", "from 1 to 256"),
        ("1..999", "from 1 to 256"),
        ("8..2", r"8 comes after 2: write 2\.\.8"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(text: str, said: str) -> None:
    with pytest.raises(NothingToAsk, match=said):
        parse_counts(text)


@given(st.integers(1, MOST), st.integers(1, MOST))
def test_a_range_has_both_its_ends_and_never_more_than_doubles(one: int, other: int) -> None:
    first, last = sorted((one, other))
    found = parse_counts(f"{first}..{last}")
    assert (found[0], found[-1]) == (first, last)
    assert all(a < b <= 2 * a for a, b in pairwise(found))
    assert Wanted(found).most == last


def test_a_depth_is_tokens_or_thousands_of_them() -> None:
    assert [parse_depth(text) for text in ("512", "32K", " 4k ")] == [512, 32_768, 4096]


@pytest.mark.parametrize("text", ["", "0", "32KB", "deep", "-1", "1.5K"])
def test_a_depth_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(NothingToAsk, match="such as 4096 or 32K"):
        parse_depth(text)
