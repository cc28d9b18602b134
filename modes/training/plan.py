"""How something is learned: every choice that training takes, so that it can be done again.

It must not know torch.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

#: Modules that are changed where no others are asked for.
TARGETS = ("attn_output", "ffn_down")


@dataclass(frozen=True, slots=True)
class Plan:
    """``directions`` are new ones of the mode's own (a LoRA's rank when there is no subspace).

    ``core_rate`` is the learning rate of the core in the shared directions, ``rate`` that of the new ones;
    both rise over ten steps and fall linearly to a tenth. ``batch`` samples are taken at once, ``accumulate``
    times for each step. Every ``check`` steps the validation samples are looked at; after ``patience`` looks
    without gain it ends, and the best is kept. ``scale`` is a LoRA's alpha / r. In ``precision`` are the
    base's weights, with MLX those that are not packed. ``fit`` is what the machine is fastest with (`fitted`
    of modes.training.base), with MLX ``kept``: as its files have them.
    """

    directions: int = 16
    core_rate: float = 6e-2
    rate: float = 4e-3
    steps: int = 400
    batch: int = 16
    accumulate: int = 1
    check: int = 50
    patience: int = 4
    scale: float = 2.0
    seed: int = 0
    targets: tuple[str, ...] = TARGETS
    precision: Literal["fit", "f32", "bf16", "kept"] = "fit"
    checkpointing: bool = False

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "accumulate", "check", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} has to be at least 1, not {getattr(self, name)}")
        if self.directions < 0:
            raise ValueError(f"directions cannot be {self.directions}")
        if not (self.core_rate > 0 and self.rate > 0):
            raise ValueError("learning rates have to be above 0")

    def key(self, *parts: str) -> str:
        """SHA-256 (hex) of the plan and what else it depends on: the same work has the same key."""
        return hashlib.sha256(json.dumps([asdict(self), *parts], sort_keys=True).encode()).hexdigest()

    def factor(self, step: int) -> float:
        """The share of the learning rate that holds at ``step``, from 0."""
        return min(1.0, (step + 1) / 10) * (1 - 0.9 * step / self.steps)
