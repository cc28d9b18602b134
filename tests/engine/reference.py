"""A llama in NumPy, straight from the paper and a GGUF file: what the engines' logits are compared with.

It shares no code with an engine. K and V are rounded to float16, as llama.cpp keeps them, unless asked
otherwise; all else is float32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize
from numpy.typing import NDArray

Array = NDArray[np.float32]


class DenseLlama:
    """``weights`` by tensor name, dequantised; `logits` takes changes ΔW of any of them.

    ``kept`` is how K and V are kept.
    """

    def __init__(self, path: Path, kept: type[np.floating[Any]] = np.float16) -> None:
        self._kept = kept
        reader = GGUFReader(path)
        self.weights: dict[str, Array] = {
            tensor.name: dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
            for tensor in reader.tensors
        }

        def number(key: str) -> float:
            field = reader.get_field(f"llama.{key}")
            assert field is not None, key
            return float(field.contents())

        self._layers = int(number("block_count"))
        self._heads = int(number("attention.head_count"))
        self._kv_heads = int(number("attention.head_count_kv"))
        self._epsilon = number("attention.layer_norm_rms_epsilon")
        self._base = number("rope.freq_base")

    def logits(self, tokens: Sequence[int], change: Mapping[str, Array] | None = None) -> Array:
        """Logits (tokens × vocabulary) with W0 + ΔW in place of every W0 that ``change`` names."""

        def weight(name: str) -> Array:
            ours = self.weights[f"{name}.weight"]
            return ours + change[f"{name}.weight"] if change and f"{name}.weight" in change else ours

        x = weight("token_embd")[list(tokens)]
        for layer in range(self._layers):
            block = f"blk.{layer}"
            seen = self._norm(x, weight(f"{block}.attn_norm"))
            q, k, v = (seen @ weight(f"{block}.attn_{name}").T for name in "qkv")
            x = x + self._attend(q, k, v) @ weight(f"{block}.attn_output").T
            seen = self._norm(x, weight(f"{block}.ffn_norm"))
            gate = seen @ weight(f"{block}.ffn_gate").T
            up = seen @ weight(f"{block}.ffn_up").T
            x = x + (gate / (1 + np.exp(-gate)) * up) @ weight(f"{block}.ffn_down").T
        tied = "output.weight" not in self.weights
        return self._norm(x, weight("output_norm")) @ weight("token_embd" if tied else "output").T

    def _norm(self, x: Array, scale: Array) -> Array:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(self._epsilon)) * scale

    def _attend(self, q: Array, k: Array, v: Array) -> Array:
        count, size = len(q), q.shape[1] // self._heads
        shared = self._heads // self._kv_heads
        q = self._rotate(q.reshape(count, self._heads, size))
        k = self._rotate(k.reshape(count, self._kv_heads, size))
        k = np.repeat(k.astype(self._kept).astype(np.float32), shared, axis=1)
        v = v.reshape(count, self._kv_heads, size).astype(self._kept).astype(np.float32)
        v = np.repeat(v, shared, axis=1)
        scores = np.einsum("qhd,khd->hqk", q, k) / np.float32(np.sqrt(size))
        scores = np.where(np.tril(np.ones((count, count), bool)), scores, -np.inf)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        return np.einsum("hqk,khd->qhd", scores / scores.sum(-1, keepdims=True), v).reshape(count, -1)

    def _rotate(self, x: Array) -> Array:
        """Rotary embedding of neighbouring pairs, as GGUF stores llama's heads."""
        half = x.shape[-1] // 2
        angles = np.arange(len(x))[:, None] * self._base ** (-np.arange(half) / half)
        cos, sin = (part.astype(np.float32)[:, None, :] for part in (np.cos(angles), np.sin(angles)))
        even, odd = x[..., 0::2], x[..., 1::2]
        turned = np.empty_like(x)
        turned[..., 0::2], turned[..., 1::2] = even * cos - odd * sin, even * sin + odd * cos
        return turned


def divergence(ours: Array, theirs: Array) -> float:
    """Mean Kullback-Leibler divergence (nats) of the next-token distributions."""
    p, q = (
        rows
        - np.log(np.exp(rows - rows.max(-1, keepdims=True)).sum(-1, keepdims=True))
        - rows.max(-1, keepdims=True)
        for rows in (ours.astype(float), theirs.astype(float))
    )
    return float((np.exp(p) * (p - q)).sum(-1).mean())
