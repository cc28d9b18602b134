"""Training with torch: a step of AdamW on the adapted layers, and the loss that nothing is learned from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from modes.training.base import Base
from modes.training.encoding import Batch, Encoded, batched
from modes.training.layers import Adapted
from modes.training.loop import Loop
from modes.training.packing import Packed, packed, parted
from modes.training.plan import Plan


class Trainer(Loop[Batch | Packed]):
    """Trains ``layers`` of ``base``; see `Loop`."""

    def __init__(
        self,
        base: Base,
        layers: Mapping[str, Adapted],
        plan: Plan,
        trained: Sequence[Encoded],
        kept: Sequence[Encoded],
    ) -> None:
        parameters: dict[str, nn.Parameter] = {
            f"{name}.{part}": one
            for name, layer in layers.items()
            for part, one in layer.named_parameters(recurse=False)
        }
        super().__init__(layers, parameters, plan, trained, kept)
        self._base = base
        self._packs = base.packs(max(len(one.tokens) for one in (*trained, *kept)))
        self._padding = base.tokenizer.pad_token_id or 0
        self._optimiser = torch.optim.AdamW(self._groups(), weight_decay=0.0)

    def _groups(self) -> list[dict[str, object]]:
        cores = [one for name, one in self._parameters.items() if name.endswith(".core")]
        free = [one for name, one in self._parameters.items() if not name.endswith(".core")]
        rates = ((cores, self._plan.core_rate), (free, self._plan.rate))
        return [{"params": group, "lr": rate, "full": rate} for group, rate in rates if group]

    def _batched(self, samples: Sequence[Encoded]) -> list[Batch | Packed]:
        if self._packs:
            return [packed(part) for part in parted(samples)]
        return [batched(samples, self._padding, share=False)]

    def _learn(self, batches: Sequence[Batch | Packed], count: int, factor: float) -> float:
        for group in self._optimiser.param_groups:
            group["lr"] = group["full"] * factor
        total = 0.0
        self._base.model.train()
        for batch in batches:
            loss, _ = self._base.losses(batch)
            torch.autograd.backward(loss / count)
            total += float(loss.detach())
        if math.isfinite(total):
            nn.utils.clip_grad_norm_(self._parameters.values(), 1.0)
            self._optimiser.step()
        self._optimiser.zero_grad()
        return total

    @torch.no_grad()
    def _losses(self, batch: Batch | Packed) -> tuple[float, int]:
        self._base.model.eval()
        loss, count = self._base.losses(batch)
        return float(loss), count

    def _copies(self) -> dict[str, torch.Tensor]:
        return {name: one.detach().clone() for name, one in self._parameters.items()}

    @torch.no_grad()
    def _put(self, parameters: Mapping[str, torch.Tensor]) -> None:
        for name, one in self._parameters.items():
            one.copy_(parameters[name])
