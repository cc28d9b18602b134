"""A LoRA that goes on with what was learned before."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from modes.share.change import Change
from modes.training.layers import adapt


def test_a_lora_that_goes_on_begins_with_the_change_that_was_given_and_can_be_trained() -> None:
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(6, 5, bias=False))
    start = Change(rng.standard_normal((5, 2)), rng.standard_normal((6, 2)))
    names = {"blk.0.ffn_down.weight": "0"}

    layer = adapt(model, names, {}, directions=3, scale=2.0, start={"blk.0.ffn_down.weight": start})
    found = layer["blk.0.ffn_down.weight"]

    begun = found.change()
    np.testing.assert_allclose(begun.left @ begun.right.T, start.left @ start.right.T, rtol=1e-5, atol=1e-6)
    torch.autograd.backward(model(torch.ones(4, 6)).sum())
    assert found.a is not None and found.b is not None
    assert found.a.grad is not None and found.b.grad is not None
    assert bool(found.a.grad[:2].any()) and bool(found.b.grad.any())
