"""Training that goes on where it was interrupted: a file that is replaced whole, never half."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

#: What reading a damaged file may raise: it is a ZIP archive with a pickle of tensors in it.
_DAMAGED = (OSError, RuntimeError, EOFError, ValueError, LookupError, TypeError, pickle.UnpicklingError)


@dataclass
class State:
    """Where training stands. ``best`` are the parameters of the lowest validation loss (nats a token)."""

    step: int = 0
    lowest: float = float("inf")
    best_step: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    stale: int = 0
    seconds: float = 0.0
    losses: list[tuple[int, float]] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)


class Checkpoint:
    """The file of one piece of work, which ``key`` tells from any other."""

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key

    def save(
        self, state: State, parameters: Mapping[str, nn.Parameter], optimiser: torch.optim.Optimizer
    ) -> None:
        """Replace what was saved before. Raises `OSError`, and the earlier one stays."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._path.with_suffix(".part")
        whole: dict[str, Any] = {
            "key": self._key,
            "state": vars(state),
            "parameters": {name: one.detach() for name, one in parameters.items()},
            "optimiser": optimiser.state_dict(),
        }
        # In memory first: PyTorch tells of a full disk in words of its own.
        written = io.BytesIO()
        torch.save(whole, written)
        try:
            with open(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:  # noqa: PTH123
                file.write(written.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        finally:
            part.unlink(missing_ok=True)

    def restore(
        self, parameters: Mapping[str, nn.Parameter], optimiser: torch.optim.Optimizer
    ) -> State | None:
        """Where the same work stood, with parameters and optimiser as they were; None when there is none."""
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
