"""What learning one domain after the other has done, in the field's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modes.evaluation.matrix import Matrix

COUNTS = st.integers(1, 6)


@st.composite
def matrices(draw: st.DrawFn) -> Matrix:
    count = draw(COUNTS)
    share = st.floats(0, 1)
    after, base, own = (
        draw(arrays(np.float64, shape, elements=share)) for shape in ((count,) * 2, count, count)
    )
    return Matrix(tuple(map(str, range(count))), after, base, own)


def test_a_worked_example() -> None:
    after = np.array([[0.8, 0.3, 0.2], [0.9, 0.6, 0.2], [0.7, 0.5, 0.9]])
    own = np.array([1.0, np.nan, 0.0])
    found = Matrix(("a", "b", "c"), after, np.array([0.5, 0.3, 0.2]), own)
    assert found.average == pytest.approx(0.7)
    assert found.backward_transfer == pytest.approx((-0.1 - 0.1) / 2)
    assert found.forgetting == pytest.approx((0.2 + 0.1) / 2), "from the best of all before the last"
    np.testing.assert_allclose(found.gain, [0.2, 0.2, 0.7])
    np.testing.assert_allclose(found.retention, [0.7, np.nan, np.nan])
    np.testing.assert_allclose(found.plasticity, [0.8, np.nan, np.nan])


@settings(deadline=None)
@given(COUNTS, st.floats(0, 1))
def test_where_nothing_changes_nothing_is_forgotten(count: int, score: float) -> None:
    same = np.full(count, score)
    found = Matrix(tuple(map(str, range(count))), np.full((count, count), score), same, same)
    assert [found.forgetting, found.backward_transfer, found.gain.max()] == [0, 0, 0]
    assert found.average == pytest.approx(score)
    if score:
        np.testing.assert_allclose(found.retention, 1)
        np.testing.assert_allclose(found.plasticity, 1)


@settings(deadline=None)
@given(matrices())
def test_every_number_is_within_its_bounds(found: Matrix) -> None:
    assert 0 <= found.average <= 1
    assert -1 <= found.backward_transfer <= 1
    assert -1 <= found.forgetting <= 1
    assert found.forgetting >= -found.backward_transfer - 1e-12


@settings(deadline=None)
@given(matrices(), st.floats(0, 1))
def test_a_worse_end_is_more_forgetting(found: Matrix, share: float) -> None:
    worse = found.after.copy()
    worse[-1] *= share
    other = Matrix(found.domains, worse, found.base, found.own)
    if len(found.domains) > 1:
        assert other.forgetting >= found.forgetting - 1e-12
    assert other.average <= found.average + 1e-12


@settings(deadline=None)
@given(matrices())
def test_one_domain_alone_cannot_be_forgotten(found: Matrix) -> None:
    alone = Matrix(("a",), found.after[:1, :1], found.base[:1], found.own[:1])
    assert [alone.forgetting, alone.backward_transfer] == [0, 0]


def test_scores_of_another_number_of_domains_are_refused() -> None:
    with pytest.raises(ValueError, match=r"2 domains do not go with scores of the shapes"):
        Matrix(("a", "b"), np.zeros((2, 3)), np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match="0 domains"):
        Matrix((), np.zeros((0, 0)), np.zeros(0), np.zeros(0))
