"""Where a training with torch stood: parameters, optimiser and state in one file."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from modes.training.keeping import Kept
from modes.training.loop import State


class Checkpoint(Kept):
    """See `Kept`."""

    #: It is a ZIP archive with a pickle of tensors in it.
    damaged = (OSError, RuntimeError, EOFError, ValueError, LookupError, TypeError, pickle.UnpicklingError)

    def _written(
        self, state: State, parameters: Mapping[str, nn.Parameter], optimiser: torch.optim.Optimizer
    ) -> memoryview:
        whole: dict[str, Any] = {
            "key": self._key,
            "state": vars(state),
            "parameters": {name: one.detach() for name, one in parameters.items()},
            "optimiser": optimiser.state_dict(),
        }
        # In memory first: PyTorch tells of a full disk in words of its own.
        written = io.BytesIO()
        torch.save(whole, written)
        return written.getbuffer()

    def _read(self, file: Path) -> tuple[str, State, dict[str, Any]]:
        whole = torch.load(file, weights_only=True, map_location="cpu")
        return str(whole["key"]), State(**whole["state"]), whole

    def _take(
        self,
        whole: dict[str, Any],
        parameters: Mapping[str, nn.Parameter],
        optimiser: torch.optim.Optimizer,
    ) -> None:
        found = {name: whole["parameters"][name] for name in parameters}
        optimiser.load_state_dict(whole["optimiser"])
        with torch.no_grad():
            for name, one in parameters.items():
                one.copy_(found[name])
