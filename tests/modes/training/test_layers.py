"""A layer that is adapted computes W0 x + ΔW x, with ΔW as it says of itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.lowrank import Subspace
from modes.share.subspace import seeded
from modes.training.layers import Adapted, adapt
from tests.modes.share.adapters import dense
from tests.modes.training.small import NAMES, SHAPES, small_base

N, D, K = 12, 20, 5


@pytest.fixture
def subspace() -> Subspace:
    return seeded({"m": (N, D)}, K, "base", 0).modules["m"]


def adapted(subspace: Subspace | None, directions: int) -> Adapted:
    torch.manual_seed(0)
    layer = Adapted(nn.Linear(D, N, bias=False), subspace, directions, 2.0)
    with torch.no_grad():
        for one in (layer.core, layer.b):
            if one is not None:
                one.normal_()
    return layer


@pytest.mark.parametrize(("shared", "directions"), [(True, 0), (False, 3), (True, 3), (False, 0)])
def test_what_it_adds_is_the_dense_change(subspace: Subspace, shared: bool, directions: int) -> None:
    layer = adapted(subspace if shared else None, directions)
    x = torch.randn(4, 7, D)
    with torch.no_grad():
        added = (layer(x) - layer.base(x)).numpy()
    assert np.allclose(added, x.numpy() @ dense(layer.change()).T, atol=1e-4)
    assert layer.change().shape == (N, D)


def test_a_new_one_changes_nothing_yet(subspace: Subspace) -> None:
    layer = Adapted(nn.Linear(D, N), subspace, 3, 2.0)
    x = torch.randn(4, D)
    assert torch.equal(layer(x), layer.base(x))


def test_a_core_of_zero_has_a_gradient(subspace: Subspace) -> None:
    layer = Adapted(nn.Linear(D, N), subspace, 0, 2.0)
    layer(torch.randn(4, D)).square().sum().backward()
    assert layer.core is not None
    assert layer.core.grad is not None
    assert float(layer.core.grad.norm()) > 0


def test_half_precision_takes_and_gives_half_precision(subspace: Subspace) -> None:
    layer = Adapted(nn.Linear(D, N, dtype=torch.bfloat16), subspace, 2, 2.0)
    assert layer(torch.randn(4, D, dtype=torch.bfloat16)).dtype == torch.bfloat16
    assert all(one.dtype == torch.float32 for one in (layer.core, layer.a, layer.b) if one is not None)


def test_in_a_model_nothing_learns_but_what_was_put_in() -> None:
    base = small_base()
    layers = adapt(base.model, NAMES, seeded(SHAPES, 4, "b", 0).modules, 2, 2.0)
    learning = {name for name, one in base.model.named_parameters() if one.requires_grad}
    assert learning == {f"{NAMES[name]}.{part}" for name in layers for part in ("core", "a", "b")}
