from __future__ import annotations

import pytest

from benchmarks.report import median_interval


@pytest.mark.parametrize(("count", "low", "high"), [(6, 1, 6), (9, 2, 8), (20, 6, 15), (100, 40, 61)])
def test_the_interval_of_a_median_is_between_the_ranks_of_the_sign_tests_tables(
    count: int, low: int, high: int
) -> None:
    # Conover, Practical Nonparametric Statistics: confidence intervals for the median, 95 %.
    assert median_interval([float(rank) for rank in range(count, 0, -1)]) == (low, high)


def test_of_too_few_figures_the_interval_is_their_range() -> None:
    assert median_interval([3.0, 1.0, 2.0]) == (1.0, 3.0)
