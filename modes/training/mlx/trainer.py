"""Training with MLX: a step of AdamW on what learns in the layers, and losses that teach nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mlx.optimizers import clip_grad_norm

from engine.mlx.library import mx
from modes.training.encoding import Batch, Encoded, batched
from modes.training.loop import Loop
from modes.training.mlx.layers import Adapted
from modes.training.mlx.loss import Loss
from modes.training.mlx.optimiser import Optimiser
from modes.training.plan import Plan


class Trainer(Loop[Batch]):
    """Trains ``layers`` of ``model``; see `Loop`."""

    lighter = (
        "take a smaller batch (--batch) with more --accumulate, --checkpointing, or --precision bf16; "
        "close other programs"
    )

    def __init__(
        self,
        model: Any,
        layers: Mapping[str, Adapted],
        plan: Plan,
        trained: Sequence[Encoded],
        kept: Sequence[Encoded],
    ) -> None:
        parameters = {
            f"{name}.{part}": one for name, layer in layers.items() for part, one in layer.parts().items()
        }
        super().__init__(layers, parameters, plan, trained, kept)
        self._model, self._adapted = model, layers
        self._loss = Loss(model)
        self._share = self._loss.shares and not plan.checkpointing
        self._optimiser: Optimiser = Optimiser(plan.core_rate, plan.rate)

    def _batched(self, samples: Sequence[Encoded]) -> list[Batch]:
        return [batched(samples, 0, self._share)]

    def _learn(self, batches: Sequence[Batch], count: int, factor: float) -> float:
        def mean(parameters: Mapping[str, Any], batch: Batch) -> Any:
            self._place(parameters)
            return self._loss(batch)[0] / count

        self._model.train()
        total, gradients = 0.0, {name: mx.array(0.0) for name in self._parameters}
        for batch in batches:
            loss, found = mx.value_and_grad(mean)(self._parameters, batch)
            gradients = {name: one + found[name] for name, one in gradients.items()}
            mx.eval(loss, gradients)
            total += float(loss.item()) * count
        if math.isfinite(total):
            clipped, _norm = clip_grad_norm(gradients, 1.0)
            self._put(self._optimiser.step(self._parameters, clipped, factor))
            mx.eval(self._parameters)
        mx.clear_cache()  # every step has other shapes
        return total

    def _losses(self, batch: Batch) -> tuple[float, int]:
        self._model.eval()
        self._place(self._parameters)
        loss, count = self._loss(batch)
        return float(loss.item()), count

    def _copies(self) -> dict[str, Any]:
        return dict(self._parameters)  # arrays are replaced, never written into

    def _put(self, parameters: Mapping[str, Any]) -> None:
        self._parameters.update(parameters)
        self._place(self._parameters)

    def _place(self, parameters: Mapping[str, Any]) -> None:
        """Let the model compute with these."""
        for name, value in parameters.items():
            module, _, part = name.rpartition(".")
            self._adapted[module].put(part, value)
