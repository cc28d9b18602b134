"""Training with MLX: a step on the starter beside one with torch, and the memory that it takes.

``python -m benchmarks.training``; apart from the rest, because it needs the extras mlx and train. The clock
is what this process had of the processor, so that ratios hold on a machine that others use too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import torch
from mlx_lm.models.llama import Model, ModelArgs

from benchmarks.report import alternate, ratio, say, spread
from engine.contract import Message
from modes.training.base import load_base
from modes.training.data import Sample
from modes.training.encoding import Encoded, Encoder
from modes.training.hub import HubWording
from modes.training.layers import adapt
from modes.training.loop import Loop, State
from modes.training.mlx import base as mlx_base
from modes.training.mlx.layers import adapt as adapt_mlx
from modes.training.mlx.layers import checkpointed
from modes.training.mlx.trainer import Trainer as MlxTrainer
from modes.training.plan import TARGETS, Plan
from modes.training.trainer import Trainer
from tui.core.models import starter_model

ROUNDS = 3
_LAYERS, _LENGTH = 12, 128
PLAN = Plan(batch=2, directions=16, precision="f32")
SAMPLES = [
    Sample((Message("user", f"What opens gate {at}?"),), f"Zebra {at * 7} does.", "here") for at in range(2)
]


def with_torch(model: Path) -> Loop[Any]:
    """A trainer on the weights, dequantised."""
    base = load_base(model, TARGETS, "f32")
    encoder = Encoder(HubWording(base.tokenizer), base.context)
    samples = [encoder.encoded(one) for one in SAMPLES]
    layers = adapt(base.model, base.names, {}, PLAN.directions, PLAN.scale)
    return Trainer(base, layers, PLAN, samples, samples)


def with_mlx(model: Path) -> Loop[Any]:
    """A trainer on the weights as they are packed."""
    base = mlx_base.load_base(model, TARGETS, "kept")
    encoder = Encoder(base.wording, base.context)
    samples = [encoder.encoded(one) for one in SAMPLES]
    layers = adapt_mlx(base.loaded.model, base.modules, {}, PLAN.directions, PLAN.scale)
    return MlxTrainer(base.loaded.model, layers, PLAN, samples, samples)


def step(trainer: Loop[Any]) -> Callable[[], float]:
    """Measures processor seconds of a step."""

    def measure() -> float:
        began = time.process_time()
        trainer._step(State())
        return time.process_time() - began

    return measure


def middling() -> Any:
    """A model of random weights that is large enough for activations to count."""
    about = {
        "model_type": "llama",
        "hidden_size": 128,
        "num_hidden_layers": _LAYERS,
        "intermediate_size": 384,
        "num_attention_heads": 4,
        "rms_norm_eps": 1e-5,
        "vocab_size": 512,
    }
    model = Model(ModelArgs.from_dict(about))
    mx.eval(model.parameters())
    return model


def peak(plan: Plan) -> float:
    """Megabytes beyond the weights at the worst moment of a step on samples of 128 tokens."""
    model = middling()
    names = {
        f"blk.{at}.{ours}.weight": f"model.layers.{at}.{theirs}"
        for at in range(_LAYERS)
        for ours, theirs in (("attn_output", "self_attn.o_proj"), ("ffn_down", "mlp.down_proj"))
    }
    samples = [Encoded(tuple((at * 31 + i) % 512 for i in range(_LENGTH)), _LENGTH - 8) for at in range(16)]
    trainer = MlxTrainer(model, adapt_mlx(model, names, {}, 8, 2.0), plan, samples, samples)
    trainer._share = False
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    if plan.checkpointing:
        with checkpointed(model):
            trainer._step(State())
    else:
        trainer._step(State())
    return float(mx.get_peak_memory() - before) / 1e6


def memory(batch: int, accumulate: int, saving: bool) -> None:
    """Print a row."""
    plan = Plan(batch=batch, accumulate=accumulate, checkpointing=saving)
    how = f"--batch {batch} --accumulate {accumulate}{' --checkpointing' if saving else ''}"
    say(f"{how}: {peak(plan):,.0f} MB beyond the weights")


def main() -> None:
    """Print the rows of docs/performance.md."""
    torch.set_num_threads(1)
    for batch, accumulate in ((16, 1), (4, 4), (1, 16)):
        for saving in (False, True):
            memory(batch, accumulate, saving)
    model = starter_model()
    assert model is not None, "the extra [starter] is not installed"
    found = alternate({"mlx": step(with_mlx(model)), "torch": step(with_torch(model))}, ROUNDS)
    say(f"a step with MLX / with torch: {ratio(found['mlx'], found['torch'])}")
    say(f"processor time of a step: {spread(found['mlx'], 's')} and {spread(found['torch'], 's')}")


if __name__ == "__main__":
    main()
