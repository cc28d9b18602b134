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
        left, right = self._factors()
        return y + ((x.to(right.dtype) @ right) @ left.T).to(y.dtype)

    def change(self) -> Change:
        """ΔW as it is now."""
        left, right = self._factors()
        return Change(_wide(left), _wide(right))

    def _factors(self) -> tuple[Tensor, Tensor]:
        """L (n × r) and R (d × r) with ΔW = L Rᵀ: those of the core and the free ones side by side."""
        n, d = self.base.weight.shape
        empty = torch.empty(0, device=self.base.weight.device)
        lefts, rights = [empty.view(n, 0)], [empty.view(d, 0)]
        if self.core is not None:
            lefts.append(self.up @ self.core)
            rights.append(self.down)
        if self.a is not None and self.b is not None:
            lefts.append(self.scale * self.b)
            rights.append(self.a.T)
        return torch.cat(lefts, 1), torch.cat(rights, 1)


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
