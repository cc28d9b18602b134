"""Outcomes are compared item by item."""

from __future__ import annotations

import pytest

from modes.evaluation.compare import accuracy, chance, compare
from tests.modes.evaluation.made import choice, item, outcome


def test_items_are_paired_by_their_ids_and_clustered_by_their_facts() -> None:
    items = [item(name, fact=name[0]) for name in ("a1", "a2", "b1", "c1")]
    before = [outcome(one.id, one.id != "b1") for one in items]
    after = [outcome(one.id, one.id != "a2") for one in reversed(items)]
    found = compare(items, before, after)
    assert [found.better, found.worse, found.items, found.facts] == [1, 1, 4, 3]
    assert [found.before, found.after, found.p] == [0.75, 0.75, 1.0]


def test_texts_are_compared_by_bits_per_byte() -> None:
    items = [item(name, kind="text") for name in "ab"]
    before, after = (
        [outcome(name, False, log_likelihoods=(nats,), tokens=(4,), sizes=(8,)) for name in "ab"]
        for nats in (-8.0, -4.0)
    )
    found = compare(items, before, after)
    assert found.value == pytest.approx(-4 / (8 * 0.6931472))
    assert found.p == 1


def test_what_cannot_be_paired_is_refused() -> None:
    with pytest.raises(ValueError, match='the item "b" was not asked both times'):
        compare([item("a"), item("b")], [outcome("a"), outcome("b")], [outcome("a")])
    with pytest.raises(ValueError, match="cannot be compared"):
        compare([item("a"), item("b", kind="text")], [], [])


def test_guessing_gets_one_in_as_many_as_there_are() -> None:
    assert chance([choice("a", "x", "y"), choice("b", "x", "y", "z", "w"), item("c")]) == 0.25
    assert accuracy([outcome("a"), outcome("b", False)]) == 0.5
    assert [chance([]), accuracy([])] == [0, 0]
