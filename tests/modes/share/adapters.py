"""Random adapters whose changes are known."""

from __future__ import annotations

import numpy as np

from modes.share.change import Adapter, Change

SHAPES = {"blk.0.attn_output.weight": (24, 24), "blk.0.ffn_down.weight": (24, 40)}


def change(rng: np.random.Generator, shape: tuple[int, int], rank: int, size: float = 1.0) -> Change:
    left, right = (rng.standard_normal((rows, rank)) for rows in shape)
    return Change(left * size, right)


def adapter(
    seed: int, rank: int = 3, size: float = 1.0, shapes: dict[str, tuple[int, int]] = SHAPES
) -> Adapter:
    rng = np.random.default_rng(seed)
    return {name: change(rng, shape, rank, size) for name, shape in shapes.items()}


def dense(one: Change) -> np.ndarray:
    """ΔW (n × d)."""
    return one.left @ one.right.T
