"""The same model, samples and beginning: torch and MLX take the same first steps.

In float32 the losses agree to a relative 1e-5, and what was learned to 1e-3 of its size (seen: 2e-7, 1.4e-5).
"""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest
import torch

from modes.share.change import Change
from modes.share.subspace import seeded
from modes.training.layers import adapt
from modes.training.loop import State
from modes.training.plan import Plan
from modes.training.trainer import Trainer
from tests.modes.share.adapters import dense
from tests.modes.training.mlx import small as with_mlx
from tests.modes.training.small import NAMES, SHAPES, samples, small_base

SHARED = seeded(SHAPES, 4, "base", 0).modules


def begun() -> dict[str, Change]:
    rng = np.random.default_rng(3)
    return {
        name: Change(rng.standard_normal((n, 2)) / 9, rng.standard_normal((d, 2)) / 9)
        for name, (n, d) in SHAPES.items()
    }


@pytest.mark.parametrize("shared", [False, True], ids=["own", "grown"])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_first_steps_agree(shared: bool, accumulate: int) -> None:
    plan = Plan(directions=2, steps=4, batch=4, accumulate=accumulate, check=4, rate=1e-3, core_rate=1e-2)
    base, spaces = small_base(), SHARED if shared else {}
    model = with_mlx.small_model()
    model.load_weights([(name, mx.array(one.numpy())) for name, one in base.model.state_dict().items()])
    layers = adapt(base.model, NAMES, spaces, plan.directions, plan.scale, begun())
    theirs = Trainer(base, layers, plan, samples(24), samples(6, seed=9))
    ours = with_mlx.trainer(plan, model, spaces, begun())

    assert ours._look(State()) == pytest.approx(theirs._look(State()), rel=1e-5)
    for step in range(plan.steps):
        assert ours._step(State(step)) == pytest.approx(theirs._step(State(step)), rel=1e-5), step
    for name, layer in layers.items():
        found, wanted = dense(ours._layers[name].change()), dense(layer.change())
        moved = np.linalg.norm(wanted - dense(begun()[name]))
        assert np.linalg.norm(found - wanted) < 1e-3 * moved, name
    assert torch.isfinite(theirs._parameters["blk.0.ffn_down.weight.a"]).all()
