"""Norms of the weights of a GGUF: what the size of a change is judged by."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import gguf
import numpy as np

from engine.header import Tensor, header_of
from modes.share.change import BadAdapter


def weight_norms(path: Path, modules: Collection[str]) -> dict[str, float]:
    """‖W0‖ (Frobenius) of each of ``modules``, dequantised one by one. Raises `BadAdapter`."""
    try:
        tensors = {one.name: one for one in header_of(path).tensors}
        if missing := set(modules) - tensors.keys():
            raise BadAdapter(f"{path.name} has no {min(missing)}: the subspace is not for this model")
        return {name: _norm(path, tensors[name]) for name in modules}
    except BadAdapter:
        raise
    except (OSError, ValueError, NotImplementedError, KeyError) as error:
        raise BadAdapter(f"{path}: the weights cannot be read ({error})") from error


def _norm(path: Path, tensor: Tensor) -> float:
    kept = np.fromfile(path, np.uint8, tensor.size, offset=tensor.start)
    return float(np.linalg.norm(gguf.quants.dequantize(kept, tensor.kind)))
