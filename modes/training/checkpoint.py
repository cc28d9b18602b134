"""Where a training with torch stood: parameters, optimiser and state in one file."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from modes.training.loop import State
from modes.training.whole import replace_whole

#: What reading a damaged file may raise: it is a ZIP archive with a pickle of tensors in it.
_DAMAGED = (OSError, RuntimeError, EOFError, ValueError, LookupError, TypeError, pickle.UnpicklingError)


class Checkpoint:
    """The file of one piece of work, which ``key`` tells from any other."""

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key

    def save(
        self, state: State, parameters: Mapping[str, nn.Parameter], optimiser: torch.optim.Optimizer
    ) -> None:
        """See `modes.training.loop.Keeping`."""
        whole: dict[str, Any] = {
            "key": self._key,
            "state": vars(state),
            "parameters": {name: one.detach() for name, one in parameters.items()},
            "optimiser": optimiser.state_dict(),
        }
        # In memory first: PyTorch tells of a full disk in words of its own.
        written = io.BytesIO()
        torch.save(whole, written)
        replace_whole(self._path, written.getbuffer())

    def restore(
        self, parameters: Mapping[str, nn.Parameter], optimiser: torch.optim.Optimizer
    ) -> State | None:
        """See `modes.training.loop.Keeping`."""
        try:
            whole = torch.load(self._path, weights_only=True, map_location="cpu")
        except _DAMAGED:
            return None  # not there, or damaged: then it begins anew
        if not isinstance(whole, dict) or whole.get("key") != self._key:
            return None
        with torch.no_grad():
            for name, one in parameters.items():
                one.copy_(whole["parameters"][name])
        optimiser.load_state_dict(whole["optimiser"])
        return State(**whole["state"])

    def remove(self) -> None:
        """Nothing to go on with any more."""
        self._path.unlink(missing_ok=True)
