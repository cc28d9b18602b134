"""Where a training with MLX stood: parameters, optimiser and state in one safetensors file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from engine.mlx.library import mx
from modes.training.keeping import Kept
from modes.training.loop import State
from modes.training.mlx.optimiser import Optimiser

_PARTS = ("parameters", "best", "optimiser")
_Groups = dict[str, dict[str, Any]]


class Checkpoint(Kept):
    """See `Kept`."""

    damaged = (OSError, SafetensorError, ValueError, LookupError, TypeError)

    def _written(self, state: State, parameters: dict[str, Any], optimiser: Optimiser) -> bytes:
        groups = (parameters, state.best, optimiser.kept())
        tensors = {
            f"{part}:{name}": np.ascontiguousarray(one)
            for part, group in zip(_PARTS, groups, strict=True)
            for name, one in group.items()
        }
        about = {name: value for name, value in vars(state).items() if name != "best"}
        return save(tensors, {"key": self._key, "state": json.dumps(about)})

    def _read(self, file: Path) -> tuple[str, State, _Groups]:
        groups: _Groups = {part: {} for part in _PARTS}
        with safe_open(file, "numpy") as opened:
            told = opened.metadata() or {}
            for whole in opened.keys():  # noqa: SIM118 - it is no mapping
                part, _, name = whole.partition(":")
                groups[part][name] = opened.get_tensor(whole)
        return told["key"], _state(json.loads(told["state"]), groups["best"]), groups

    def _take(self, whole: _Groups, parameters: dict[str, Any], optimiser: Optimiser) -> None:
        found = {name: mx.array(whole["parameters"][name]) for name in parameters}
        optimiser.restore(whole["optimiser"])
        parameters.update(found)


def _state(about: dict[str, Any], best: dict[str, Any]) -> State:
    looks = {name: [(step, loss) for step, loss in about[name]] for name in ("losses", "validation")}
    return State(**{**about, **looks, "best": {name: mx.array(one) for name, one in best.items()}})
