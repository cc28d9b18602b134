"""How much memory a context needs, and which context fits this machine.

An estimate from metadata made before anything is allocated; llama.cpp's own buffers may differ by a
few per cent.
"""

from __future__ import annotations

from dataclasses import dataclass

import psutil

from engine.contract import ModelUnusable
from engine.llama.library import devices, supports_gpu
from engine.llama.model import LlamaModel

_F16 = 2
#: Context sizes are given in whole blocks, as llama.cpp pads them.
BLOCK = 256
#: Longer contexts are taken only when asked for: their memory is claimed at once.
DEFAULT_LIMIT = 32_768
#: Share of the free memory that a default context may claim.
_DEFAULT_SHARE = 0.5
#: Answers at once, unless more are asked for, and the share of the free memory that they may claim together.
DEFAULT_SLOTS = 4
_SLOTS_SHARE = 0.125
#: Main memory for what was read and has left the context: a share of what is free, and never more than this.
_CACHE_SHARE = 0.0625
_CACHE_LIMIT = 1 << 30
#: llama.cpp's compute buffers and outputs for a batch of 512, roughly.
_COMPUTE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class ContextCost:
    """Bytes that a context claims: ``per_token`` for K and V, and a fixed part."""

    per_token: int
    fixed: int = _COMPUTE_BYTES

    def total(self, context: int, slots: int = 1) -> int:
        """Bytes for ``slots`` sequences of so many tokens each."""
        return self.fixed + self.per_token * context * slots

    def largest(self, memory: int) -> int:
        """Tokens that fit into ``memory`` bytes, in whole blocks."""
        if self.per_token == 0:
            return DEFAULT_LIMIT
        return max(0, (memory - self.fixed) // self.per_token // BLOCK * BLOCK)


def context_cost(model: LlamaModel) -> ContextCost:
    """K and V in float16: layers × KV heads × (key length + value length) × 2 bytes a token."""
    prefix = model.architecture

    def number(key: str) -> int | None:
        value = model.metadata(f"{prefix}.{key}")
        return int(value) if value is not None and value.isdigit() else None

    heads = number("attention.head_count") or 1
    width = (number("embedding_length") or 0) // heads
    # An array of per-layer counts is not given as text: the full head count is then the safe guess.
    kv_heads = number("attention.head_count_kv") or heads
    key = number("attention.key_length") or width
    value = number("attention.value_length") or width
    return ContextCost(per_token=model.layers * kv_heads * (key + value) * _F16)


def free_memory() -> int:
    """Bytes free where K and V will live: the GPU of a GPU build, else this machine's memory."""
    gpus = [device for device in devices() if device.is_gpu] if supports_gpu() else []
    if gpus:
        return sum(device.free for device in gpus)
    return int(psutil.virtual_memory().available)


def choose_context(asked: int | None, trained: int, cost: ContextCost, free: int) -> int:
    """The context to open, in tokens. Raises `ModelUnusable` when what was asked for does not fit."""
    if asked is None:
        fitting = cost.largest(int(free * _DEFAULT_SHARE))
        return max(BLOCK, min(trained, DEFAULT_LIMIT, fitting))
    if cost.total(asked) > free:
        nearest = min(cost.largest(free), trained)
        remedy = (
            f"the largest that fits is {nearest:,} (--context {nearest})"
            if nearest
            else "not even the smallest fits, so close other programs or use a smaller model"
        )
        raise ModelUnusable(
            f"a context of {asked:,} tokens needs {_gib(cost.total(asked))} "
            f"and {_gib(free)} are free: {remedy}"
        )
    return asked


def choose_slots(asked: int | None, context: int, cost: ContextCost, free: int) -> int:
    """How many answers there may be at once. Raises `ModelUnusable` when what was asked for does not fit."""
    if asked is None:
        fitting = int(free * _SLOTS_SHARE) // max(1, cost.per_token * context)
        return max(1, min(DEFAULT_SLOTS, fitting))
    if cost.total(context, asked) > free:
        raise ModelUnusable(
            f"{asked} answers at once with a context of {context:,} tokens each need "
            f"{_gib(cost.total(context, asked))} and {_gib(free)} are free: ask for fewer (--slots) "
            "or a smaller context (--context)"
        )
    return asked


def choose_cache(asked: int | None) -> int:
    """Bytes of main memory for parked K and V."""
    if asked is not None:
        return asked
    return min(_CACHE_LIMIT, int(psutil.virtual_memory().available * _CACHE_SHARE))


def _gib(size: int) -> str:
    return f"{size / (1 << 30):,.1f} GiB"
