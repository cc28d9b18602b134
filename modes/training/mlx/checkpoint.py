"""Where a training with MLX stood: parameters, optimiser and state in one safetensors file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from engine.mlx.library import mx
from modes.training.loop import State
from modes.training.mlx.optimiser import Optimiser
from modes.training.whole import replace_whole

#: What reading a damaged file may raise.
_DAMAGED = (OSError, SafetensorError, ValueError, LookupError, TypeError)
_PARTS = ("parameters", "best", "optimiser")


class Checkpoint:
    """The file of one piece of work, which ``key`` tells from any other."""

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key

    def save(self, state: State, parameters: dict[str, Any], optimiser: Optimiser) -> None:
        """See `modes.training.loop.Keeping`."""
        groups = (parameters, state.best, optimiser.kept())
        tensors = {
            f"{part}:{name}": np.ascontiguousarray(one)
            for part, group in zip(_PARTS, groups, strict=True)
            for name, one in group.items()
        }
        about = {name: value for name, value in vars(state).items() if name != "best"}
        replace_whole(self._path, save(tensors, {"key": self._key, "state": json.dumps(about)}))

    def restore(self, parameters: dict[str, Any], optimiser: Optimiser) -> State | None:
        """See `modes.training.loop.Keeping`."""
        groups: dict[str, dict[str, Any]] = {part: {} for part in _PARTS}
        try:
            with safe_open(self._path, "numpy") as file:
                told = file.metadata() or {}
                if told.get("key") != self._key:
                    return None
                for whole in file.keys():  # noqa: SIM118 - it is no mapping
                    part, _, name = whole.partition(":")
                    groups[part][name] = file.get_tensor(whole)
            state = _state(json.loads(told["state"]), groups["best"])
            found = {name: mx.array(groups["parameters"][name]) for name in parameters}
            optimiser.restore(groups["optimiser"])
        except _DAMAGED:
            return None  # not there, or damaged: then it begins anew
        parameters.update(found)
        return state

    def remove(self) -> None:
        """Nothing to go on with any more."""
        self._path.unlink(missing_ok=True)


def _state(about: dict[str, Any], best: dict[str, Any]) -> State:
    looks = {name: [(step, loss) for step, loss in about[name]] for name in ("losses", "validation")}
    return State(**{**about, **looks, "best": {name: mx.array(one) for name, one in best.items()}})
