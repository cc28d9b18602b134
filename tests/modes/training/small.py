"""A llama of two small layers with random weights, and samples of random tokens for it."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from modes.training.attention import use_rows
from modes.training.base import Base
from modes.training.encoding import Encoded
from modes.training.layers import adapt
from modes.training.plan import Plan
from modes.training.trainer import Trainer

NAMES = {
    f"blk.{layer}.{ours}.weight": f"model.layers.{layer}.{theirs}"
    for layer in range(2)
    for ours, theirs in (("attn_output", "self_attn.o_proj"), ("ffn_down", "mlp.down_proj"))
}
SHAPES = {name: ((32, 32) if "attn" in name else (32, 48)) for name in NAMES}
SIZES: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
PREFIX = tuple(range(3, 15))


def small_base(
    dtype: torch.dtype = torch.float32, checkpointing: bool = False, attention: str = "sdpa"
) -> Base:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    sizes = {**SIZES, "attn_implementation": attention}
    config = LlamaConfig(**sizes, max_position_embeddings=128, initializer_range=0.2)
    model: Any = LlamaForCausalLM(config)
    model.to(dtype)
    use_rows(model)
    if checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    return Base(model, SimpleNamespace(pad_token_id=0), NAMES, 128, torch.device("cpu"))


def samples(count: int, seed: int = 0, prefix: tuple[int, ...] = PREFIX) -> list[Encoded]:
    """Questions of 2 to 5 tokens after ``prefix``, whose answers repeat their first token."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        question = [rng.randrange(20, 60) for _ in range(rng.randrange(2, 6))]
        tokens = (*prefix, *question, question[0], question[0], 1)
        found.append(Encoded(tokens, len(tokens) - 3, "system"))
    return found


def trainer(plan: Plan, base: Base | None = None, count: int = 24) -> Trainer:
    base = base or small_base()
    torch.manual_seed(plan.seed)
    layers = adapt(base.model, base.names, {}, plan.directions, plan.scale)
    return Trainer(base, layers, plan, samples(count), samples(6, seed=9))
