"""The verdict says what the numbers say, and never more."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from modes.evaluation.statistics import Difference, Interval
from modes.evaluation.verdict import Finding, Measured, Status, next_action, verdict

STATUSES: tuple[Status, ...] = ("pass", "fail", "not measured")
DOMAINS = ("legal", "coding", "cherokee")


def points(value: float, half: float, count: int = 500) -> Difference:
    """A difference of so many points, more or less so many."""
    interval = Interval((value - half) / 100, (value + half) / 100)
    return Difference(0.5, 0.5 + value / 100, interval, 0.01, 1, 1, count, count)


def all_three(value: float, half: float, count: int = 500) -> dict[str, Difference]:
    return dict.fromkeys(DOMAINS, points(value, half, count))


GOOD = Measured(
    gains=all_three(20, 3),
    losses=all_three(-1, 2),
    four_bit=all_three(18, 3),
    memory=150 * 10**6,
    decode=0.96,
    enough_data=True,
)


def statuses(measured: Measured) -> list[Status]:
    found = verdict(measured)
    return [one.status for one in (*found.criteria, *found.hypotheses)]


def test_when_all_is_well_one_big_model_is_deployed() -> None:
    assert statuses(GOOD) == ["pass"] * 7
    assert verdict(GOOD).action == "Deploy one big model with Share, and enable concurrent serving."
    assert "legal +20.0 points (+17.0 to +23.0)" in verdict(GOOD).criteria[0].sentence


def test_what_was_not_measured_is_said_and_not_guessed() -> None:
    found = verdict(Measured())
    assert statuses(Measured()) == ["not measured"] * 7
    assert found.action == "Measure first: no scores with and without the mode for legal, coding, cherokee."
    assert all(one.sentence for one in (*found.criteria, *found.hypotheses))


def test_a_domain_that_was_not_asked_leaves_it_open() -> None:
    some = {name: one for name, one in GOOD.gains.items() if name != "coding"}
    found = verdict(replace(GOOD, gains=some))
    assert [found.criteria[0].status, found.hypotheses[0].status] == ["not measured"] * 2
    assert found.criteria[0].sentence.endswith("for coding")


@pytest.mark.parametrize(
    ("gain", "quality", "learned"),
    [
        (points(20, 3), "pass", "pass"),
        (points(-4, 3), "fail", "fail"),
        (points(1, 3), "pass", "fail"),
        (points(1, 9, 60), "pass", "not measured"),
        (points(-1, 9, 60), "pass", "not measured"),
        (points(0, 4.9, 96), "pass", "fail"),
        (points(0, 5, 500), "pass", "not measured"),
        (points(0, 0, 60), "pass", "fail"),
        (points(0, 0, 40), "pass", "not measured"),
        (points(100, 0, 4), "not measured", "not measured"),
        (points(-100, 0, 4), "not measured", "not measured"),
        (points(-100, 0, 5), "fail", "fail"),
    ],
)
def test_a_mode_must_not_be_below_the_base_and_must_have_learned(
    gain: Difference, quality: Status, learned: Status
) -> None:
    found = verdict(replace(GOOD, gains={**GOOD.gains, "legal": gain}))
    assert [found.criteria[0].status, found.hypotheses[0].status] == [quality, learned]


@pytest.mark.parametrize(
    ("loss", "status"),
    [
        (points(-1, 2), "pass"),
        (points(3, 2), "pass"),
        (points(-5, 1), "fail"),
        (points(-9, 3), "fail"),
        (points(-3, 3), "not measured"),
        (points(0, 8, 60), "not measured"),
        (points(-6, 6.5, 60), "not measured"),
        (points(-30, 30), "not measured"),
        (points(0, 0, 4), "not measured"),
        (points(-100, 0, 4), "not measured"),
        (points(-100, 0, 5), "fail"),
    ],
)
def test_a_loss_of_five_points_must_be_excluded(loss: Difference, status: Status) -> None:
    found = verdict(replace(GOOD, losses={**GOOD.losses, "legal": loss}))
    assert [found.criteria[1].status, found.hypotheses[0].status] == [status, status]


def test_a_loss_that_may_be_none_asks_for_more_items() -> None:
    found = verdict(replace(GOOD, losses={**GOOD.losses, "legal": points(-6, 6.5, 60)})).criteria[1]
    assert found.sentence.startswith("a loss of 5 points is not excluded: legal -6.0 points (-12.5 to +0.5)")
    assert "ask more items (--full or --items N)" in found.sentence


def test_facts_that_are_too_few_to_have_an_interval_are_said() -> None:
    found = verdict(replace(GOOD, gains={**GOOD.gains, "legal": points(100, 0, 4)}))
    for one in (found.criteria[0], found.hypotheses[0]):
        assert one.sentence == "too few facts to say: legal 4: ask more items (--full or --items N)"


def test_too_few_facts_are_said_even_where_it_passes_and_the_interval_found_counts() -> None:
    found = verdict(replace(GOOD, gains=all_three(30, 8, 100)))
    assert "cherokee cannot resolve 5 points: 100 facts tell 8.0 points" in found.criteria[0].sentence
    found = verdict(replace(GOOD, gains=all_three(30, 4, 100)))
    assert "resolve" not in found.criteria[0].sentence
    found = verdict(replace(GOOD, gains=all_three(30, 0, 100)))
    assert "cherokee cannot resolve 5 points: 100 facts tell 7.6 points" in found.criteria[0].sentence


def test_memory_and_speed_pass_up_to_their_limits() -> None:
    limits = [replace(GOOD, memory=2 * 10**9 - 1), replace(GOOD, memory=2 * 10**9)]
    assert [verdict(one).criteria[2].status for one in limits] == ["pass", "fail"]
    speeds = [replace(GOOD, decode=0.90), replace(GOOD, decode=0.899)]
    assert [verdict(one).criteria[3].status for one in speeds] == ["pass", "fail"]


def test_a_base_of_four_bits_has_its_own_hypothesis() -> None:
    found = verdict(replace(GOOD, four_bit=all_three(0, 2)))
    assert [one.status for one in found.hypotheses] == ["pass", "pass", "fail"]
    assert found.action == "Train in 16 bit, infer in 4 bit."


@pytest.mark.parametrize("found", product(STATUSES, repeat=3), ids=str)
def test_the_next_action_is_the_tables(found: tuple[Status, Status, Status]) -> None:
    action = next_action([Finding(f"H{at}", one, f"why {at}") for at, one in enumerate(found, 1)])
    first, second, third = found
    parts = {
        "stay multi-model": first == "fail",
        "Measure first: why 1": first == "not measured",
        "synthetic data": first == "pass" and second == "fail",
        "Train in 16 bit": first == "pass" and third == "fail",
        "Measure first: why 2": first == "pass" and second == "not measured",
        "Measure first: why 3": first == "pass" and third == "not measured",
        "Deploy one big model": found == ("pass", "pass", "pass"),
    }
    assert {part: part in action for part in parts} == parts
