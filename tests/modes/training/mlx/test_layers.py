"""A module that is adapted in MLX computes W0 x + ΔW x, with ΔW as it says of itself."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest
from mlx import nn

from engine.lowrank import Subspace
from modes.share.change import Change
from modes.share.subspace import seeded
from modes.training.endings import CannotTrain
from modes.training.mlx.layers import Adapted, adapt
from tests.modes.share.adapters import dense

N, D, K = 32, 64, 5


class Holder(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner


@pytest.fixture
def subspace() -> Subspace:
    return seeded({"m": (N, D)}, K, "base", 0).modules["m"]


def linear(packed: bool = False) -> nn.Module:
    mx.random.seed(0)
    plain = nn.Linear(D, N, bias=False)
    return nn.QuantizedLinear.from_linear(plain, 32, 4) if packed else plain


def adapted(
    inner: nn.Module, subspace: Subspace | None, directions: int, start: Change | None = None
) -> tuple[Holder, Adapted]:
    model = Holder(inner)
    spaces = {} if subspace is None else {"m": subspace}
    begin = None if start is None else {"m": start}
    layers = adapt(model, {"m": "inner"}, spaces, directions, 2.0, begin)
    return model, layers["m"]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize(("shared", "directions"), [(True, 0), (False, 3), (True, 3), (False, 0)])
def test_what_it_adds_is_the_dense_change(
    subspace: Subspace, shared: bool, directions: int, packed: bool
) -> None:
    base = linear(packed)
    model, layer = adapted(base, subspace if shared else None, directions)
    for part, value in layer.parts().items():
        layer.put(part, mx.random.normal(value.shape))
    x = mx.random.normal((4, 7, D))
    added = np.array(model.inner(x) - base(x))
    assert np.allclose(added, np.array(x) @ dense(layer.change()).T, atol=1e-3)
    assert layer.change().shape == (N, D)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_a_new_one_changes_nothing_yet(subspace: Subspace, packed: bool) -> None:
    base = linear(packed)
    model, _ = adapted(base, subspace, 3)
    x = mx.random.normal((4, D))
    assert mx.array_equal(model.inner(x), base(x)).item()


def test_a_core_of_zero_has_a_gradient(subspace: Subspace) -> None:
    model, layer = adapted(linear(), subspace, 0)
    x = mx.random.normal((4, D))

    def squared(core: mx.array) -> mx.array:
        layer.put("core", core)
        return mx.square(model.inner(x)).sum()

    assert mx.linalg.norm(mx.grad(squared)(layer.parts()["core"])).item() > 0


def test_half_precision_takes_and_gives_half_precision(subspace: Subspace) -> None:
    base = linear()
    base.set_dtype(mx.bfloat16)
    model, layer = adapted(base, subspace, 2)
    assert model.inner(mx.zeros((4, D), mx.bfloat16)).dtype == mx.bfloat16
    assert {value.dtype for value in layer.parts().values()} == {mx.float32}


def test_it_begins_with_the_change_that_was_given() -> None:
    rng = np.random.default_rng(0)
    start = Change(rng.standard_normal((N, 2)), rng.standard_normal((D, 2)))
    _, layer = adapted(linear(), None, 3, start)
    assert np.allclose(dense(layer.change()), dense(start), atol=1e-4)


def test_a_module_of_another_kind_is_named() -> None:
    with pytest.raises(CannotTrain, match=r"inner is a Embedding, which takes no change: name other modules"):
        adapted(nn.Embedding(N, D), None, 2)
