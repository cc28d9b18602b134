"""The small llama of the torch tests in MLX: two layers of random weights, packed to four bits or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mlx.core as mx
from mlx import nn
from mlx.utils import tree_flatten
from mlx_lm.models.llama import Model, ModelArgs

from engine.lowrank import Subspace
from modes.share.change import Adapter
from modes.training.mlx.layers import adapt
from modes.training.mlx.trainer import Trainer
from modes.training.plan import Plan
from tests.modes.training.small import NAMES, samples


def small_model(packed: bool = False, dtype: mx.Dtype = mx.float32) -> Any:
    arguments = {
        "model_type": "llama",
        "vocab_size": 64,
        "hidden_size": 32,
        "intermediate_size": 64 if packed else 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "rms_norm_eps": 1e-6,
        "tie_word_embeddings": False,
    }
    mx.random.seed(1)
    model = Model(ModelArgs.from_dict(arguments))
    weights = [
        (name, mx.random.normal(value.shape) * 0.2 if value.ndim > 1 else value)
        for name, value in tree_flatten(model.parameters())
    ]
    model.load_weights(weights)
    if packed:
        nn.quantize(model, 32, 4)
    model.set_dtype(dtype)
    mx.eval(model.parameters())
    return model


def trainer(
    plan: Plan,
    model: Any = None,
    subspaces: Mapping[str, Subspace] | None = None,
    start: Adapter | None = None,
    count: int = 24,
) -> Trainer:
    model = model or small_model()
    mx.random.seed(plan.seed)
    layers = adapt(model, NAMES, subspaces or {}, plan.directions, plan.scale, start)
    return Trainer(model, layers, plan, samples(count), samples(6, seed=9))


def numbers(one: Trainer) -> dict[str, mx.array]:
    """What it has learned."""
    return dict(one._parameters)


def same(one: Mapping[str, mx.array], other: Mapping[str, mx.array]) -> bool:
    return one.keys() == other.keys() and all(mx.array_equal(one[name], other[name]).item() for name in one)
