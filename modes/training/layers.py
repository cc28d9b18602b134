"""A linear layer with a low-rank change: a core in shared directions, free factors beside it, or both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from engine.lowrank import Subspace
from modes.share.change import Adapter, Change


class Adapted(nn.Module):
    """y = W0 x + U C Vᵀ x + s B A x; W0, U (n × k) and V (d × k) stay, C (k × k), B (n × φ), A (φ × d) learn.

    C begins at zero, where its gradient Uᵀ G V is not zero; A begins at random and B at zero, as in LoRA
    (arXiv 2106.09685), or s B A at ``start``, whose rank is φ at most.
    """

    up: Tensor
    down: Tensor

    def __init__(
        self,
        base: nn.Linear,
        subspace: Subspace | None,
        directions: int,
        scale: float,
        start: Change | None = None,
    ) -> None:
        super().__init__()
        self.base, self.scale = base, scale
        n, d = base.weight.shape
        device = base.weight.device
        self.core: nn.Parameter | None = None
        if subspace is not None and subspace.rank:
            self.register_buffer("up", torch.tensor(subspace.up, device=device), persistent=False)
            self.register_buffer("down", torch.tensor(subspace.down, device=device), persistent=False)
            self.core = nn.Parameter(torch.zeros(subspace.rank, subspace.rank, device=device))
        self.b: nn.Parameter | None = None
        self.a: nn.Parameter | None = None
        if directions:
            a, b = torch.empty(directions, d), torch.zeros(n, directions)
            nn.init.kaiming_uniform_(a, a=math.sqrt(5))
            if start is not None:
                rank = start.left.shape[1]
                a[:rank], b[:, :rank] = torch.tensor(start.right.T), torch.tensor(start.left / scale)
            self.a, self.b = nn.Parameter(a.to(device)), nn.Parameter(b.to(device))

    def forward(self, x: Tensor) -> Tensor:
        """Y (… × n) of ``x`` (… × d)."""
        y = cast(Tensor, self.base(x))
        if self.core is not None:
            wide = x.to(self.up.dtype)
            y = y + (((wide @ self.down) @ self.core.T) @ self.up.T).to(y.dtype)
        if self.a is not None and self.b is not None:
            y = y + (self.scale * ((x.to(self.a.dtype) @ self.a.T) @ self.b.T)).to(y.dtype)
        return y

    def change(self) -> Change:
        """ΔW as it is now."""
        lefts, rights = [], []
        if self.core is not None:
            lefts.append(_wide(self.up) @ _wide(self.core))
            rights.append(_wide(self.down))
        if self.a is not None and self.b is not None:
            lefts.append(self.scale * _wide(self.b))
            rights.append(_wide(self.a).T)
        n, d = self.base.weight.shape
        if not lefts:
            return Change(np.zeros((n, 0)), np.zeros((d, 0)))
        return Change(np.hstack(lefts), np.hstack(rights))


def adapt(
    model: nn.Module,
    names: Mapping[str, str],
    subspaces: Mapping[str, Subspace],
    directions: int,
    scale: float,
    start: Adapter | None = None,
) -> dict[str, Adapted]:
    """Put an `Adapted` in the place of every module that ``names`` lists (its name in the model by ours).

    ``start`` are the changes that the free factors begin with, by our names.
    """
    for parameter in model.parameters():
        parameter.requires_grad = False
    layers = {}
    for ours, theirs in names.items():
        parent, _, leaf = theirs.rpartition(".")
        holder = model.get_submodule(parent)
        base = cast(nn.Linear, getattr(holder, leaf))
        begun = start.get(ours) if start else None
        layers[ours] = Adapted(base, subspaces.get(ours), directions, scale, begun)
        setattr(holder, leaf, layers[ours])
    return layers


def _wide(tensor: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return tensor.detach().cpu().to(torch.float64).numpy()
