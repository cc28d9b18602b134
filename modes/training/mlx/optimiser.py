"""AdamW of MLX at two rates, one for cores and one for free factors, as it may be kept and taken up again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mlx.optimizers import AdamW
from numpy.typing import NDArray

from engine.mlx.library import mx


class Optimiser:
    """Corrected for its beginning and without decay, as that of torch is asked to be."""

    def __init__(self, core_rate: float, rate: float) -> None:
        self._rates = {"core": core_rate, "free": rate}
        self._parts = {
            name: AdamW(one, weight_decay=0.0, bias_correction=True) for name, one in self._rates.items()
        }

    def step(
        self, parameters: Mapping[str, Any], gradients: Mapping[str, Any], factor: float
    ) -> dict[str, Any]:
        """The parameters after a step at ``factor`` of the rates."""
        after: dict[str, Any] = {}
        for part, optimiser in self._parts.items():
            mine = [name for name in parameters if _part(name) == part]
            if mine:
                optimiser.learning_rate = self._rates[part] * factor
                own = {name: gradients[name] for name in mine}
                after |= optimiser.apply_gradients(own, {name: parameters[name] for name in mine})
        return {name: after[name] for name in parameters}

    def kept(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on, by name."""
        found: dict[str, NDArray[Any]] = {}
        for part, optimiser in self._parts.items():
            for name, value in optimiser.state.items():
                parts = value if isinstance(value, dict) else {"": value}
                found |= {f"{part}/{name}/{key}": np.array(one) for key, one in parts.items()}
        return found

    def restore(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what was kept."""
        states: dict[str, dict[str, Any]] = {part: {} for part in self._parts}
        for whole, one in kept.items():
            part, name, key = whole.split("/")
            if key:
                states[part].setdefault(name, {})[key] = mx.array(one)
            else:
                states[part][name] = mx.array(one)
        for part, state in states.items():
            self._parts[part].state = state


def _part(name: str) -> str:
    return "core" if name.endswith(".core") else "free"
