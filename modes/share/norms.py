"""Norms of the weights of a GGUF: what the size of a change is judged by."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import gguf
import numpy as np

from modes.share.change import BadAdapter


def weight_norms(path: Path, modules: Collection[str]) -> dict[str, float]:
    """‖W0‖ (Frobenius) of each of ``modules``, dequantised. Raises `BadAdapter`."""
    try:
        found = {
            str(one.name): float(np.linalg.norm(gguf.quants.dequantize(one.data, one.tensor_type)))
            for one in gguf.GGUFReader(path).tensors
            if one.name in modules
        }
    except (OSError, ValueError, NotImplementedError, KeyError) as error:
        raise BadAdapter(f"{path}: the weights cannot be read ({error})") from error
    if missing := set(modules) - found.keys():
        raise BadAdapter(f"{path.name} has no {min(missing)}: the subspace is not for this model")
    return found
