"""What several benchmarks need of a model: random modes, and reading a prompt the plain way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.llama.context import LlamaContext, Row
from engine.llama.model import LlamaModel
from engine.lowrank import Basis, Coefficients, Core, Subspace

RANK = 16
BASE = "benchmark"


def random_mode(model: LlamaModel, base: str, seed: int) -> tuple[Basis, Coefficients]:
    """Rank-16 coefficients on every attention output and feed-forward down projection."""
    rng = np.random.default_rng(seed)
    width = int(model.metadata(f"{model.architecture}.embedding_length") or 0)
    hidden = int(model.metadata(f"{model.architecture}.feed_forward_length") or 0)

    def directions(size: int) -> np.ndarray:
        return np.linalg.qr(rng.standard_normal((size, RANK)))[0].astype(np.float32)

    modules = {}
    for layer in range(model.layers):
        for module, inputs in (("attn_output", width), ("ffn_down", hidden)):
            modules[f"blk.{layer}.{module}.weight"] = Subspace(directions(width), directions(inputs))
    cores = {name: Core(rng.standard_normal((RANK, RANK)).astype(np.float32) * 0.05) for name in modules}
    return Basis(modules, base), Coefficients(cores)


def read(context: LlamaContext, tokens: Sequence[int], start: int = 0) -> None:
    """Read tokens into sequence 0 from position ``start`` on, in whole batches."""
    size = context.options.batch
    for at in range(0, len(tokens), size):
        step = tokens[at : at + size]
        last = len(step) - 1
        context.decode([Row(token, 0, start + at + i, i == last) for i, token in enumerate(step)])
    context.synchronize()
