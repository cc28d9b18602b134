"""Merges adapters into one, as the PEFT library does it: TIES, DARE and the weighted sum.

It works on whole changes ΔW, never on their factors, whose division is an accident of training; and keeps as
many singular directions of the result as all adapters had together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from peft.utils.merge_utils import dare_linear, task_arithmetic, ties

from modes.share.change import Adapter, Change


def merged(
    adapters: Sequence[Adapter], how: str, settings: Mapping[str, float], seed: int
) -> tuple[Adapter, float]:
    """The one adapter, and the worst module's relative error of leaving out the other directions.

    ``how`` is ``linear``, ``ties`` (arXiv 2306.01708) or ``dare`` (arXiv 2311.03099); ``weight`` is that of
    every adapter, ``density`` the share of a change's values that is kept.
    """
    torch.manual_seed(seed)
    found, worst = {}, 0.0
    for name in adapters[0]:
        changes = [adapter[name] for adapter in adapters]
        dense = [torch.from_numpy(one.left @ one.right.T) for one in changes]
        weights = torch.full((len(dense),), float(settings["weight"]), dtype=torch.float64)
        if how == "linear":
            whole = task_arithmetic(dense, weights)
        elif how == "ties":
            whole = ties(dense, weights, float(settings["density"]))
        else:
            whole = dare_linear(dense, weights, float(settings["density"]))
        found[name], error = _low(whole.numpy(), sum(one.left.shape[1] for one in changes))
        worst = max(worst, error)
    return found, worst


def _low(whole: np.ndarray[tuple[int, ...], np.dtype[np.float64]], rank: int) -> tuple[Change, float]:
    u, sigma, vt = np.linalg.svd(whole, full_matrices=False)
    left_out = float(np.linalg.norm(sigma[rank:]) / max(1e-30, float(np.linalg.norm(sigma))))
    return Change(u[:, :rank] * sigma[:rank], vt[:rank].T), left_out
