"""Packed, every token is there once, sees what it would see in a row of its own, and learns the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modes.training.encoding import Encoded, common_of
from modes.training.packing import packed, parted


@st.composite
def encoded(draw: st.DrawFn) -> list[Encoded]:
    prefix = tuple(range(draw(st.integers(0, 20))))
    found = []
    for _ in range(draw(st.integers(1, 8))):
        question = draw(st.lists(st.integers(50, 99), min_size=1, max_size=12))
        answer = draw(st.lists(st.integers(50, 99), min_size=1, max_size=5))
        found.append(Encoded((*prefix, *question, *answer), len(prefix) + len(question)))
    return found


@given(encoded())
def test_a_token_sees_exactly_its_own_sample_up_to_itself(samples: list[Encoded]) -> None:
    found, common = packed(samples), common_of(samples)
    at = common
    for one in samples:
        for place in range(common, len(one.tokens)):
            seen = np.flatnonzero(found.visible[at])
            assert tuple(found.tokens[seen]) == one.tokens[: place + 1]
            assert tuple(found.positions[seen]) == tuple(range(place + 1))
            at += 1
    assert at == len(found.tokens)
    assert (found.visible[:common, :common] == np.tri(common, dtype=bool)).all()
    assert not found.visible[:common, common:].any()


@given(encoded())
def test_every_sample_has_its_own_tokens_in_a_row_of_its_own(samples: list[Encoded]) -> None:
    found = packed(samples)
    assert found.common == common_of(samples)
    rests = [one.tokens[found.common :] for one in samples]
    assert [
        tuple(found.tokens[row][: len(rest)]) for row, rest in zip(found.own, rests, strict=True)
    ] == rests
    assert found.own.shape[1] == max(map(len, rests))
    assert found.own.ravel()[found.back].tolist() == list(range(found.common, len(found.tokens)))


@given(encoded())
def test_every_token_of_every_answer_is_read_from_the_one_before_it(samples: list[Encoded]) -> None:
    found = packed(samples)
    assert found.wanted.tolist() == [token for one in samples for token in one.tokens[one.start :]]
    assert found.tokens[found.read + 1].tolist() == found.wanted.tolist()
    before = [token for one in samples for token in one.tokens[one.start - 1 : -1]]
    assert found.tokens[found.read].tolist() == before


@given(encoded(), st.integers(1, 90))
def test_parts_are_all_samples_in_their_order_and_about_alike(samples: list[Encoded], most: int) -> None:
    parts = parted(samples, most)
    assert [one for part in parts for one in part] == samples
    common = common_of(samples)
    longest = max(len(one.tokens) - common for one in samples)
    for part in parts:
        assert len(part) == 1 or sum(len(one.tokens) - common for one in part) <= most - common + longest


def test_many_samples_see_little_of_one_another_and_one_sees_itself() -> None:
    many = [Encoded(tuple(range(10 * at, 10 * at + 8)), 2) for at in range(8)]
    assert packed(many).sparse
    assert not packed(many[:1]).sparse


def test_what_has_room_together_stays_together() -> None:
    samples = [Encoded(tuple(range(10)), 5)] * 8
    assert [len(part) for part in parted(samples)] == [8]
    assert [len(part) for part in parted(samples, 40)] == [4, 4]


def test_an_answer_with_nothing_before_it_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing before it"):
        packed([Encoded((1, 2), 0)])
