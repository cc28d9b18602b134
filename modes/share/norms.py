"""Norms of the weights of a GGUF or an MLX directory: what the size of a change is judged by."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import gguf
import numpy as np

from engine.header import Tensor, header_of
from modes.share.change import BadAdapter
from modes.share.folder import projections


def weight_norms(path: Path, modules: Collection[str]) -> dict[str, float]:
    """‖W0‖ (Frobenius) of each of ``modules``, dequantised one by one. Raises `BadAdapter`."""
    try:
        if path.is_dir():
            return _folder_norms(path, modules)
        tensors = {one.name: one for one in header_of(path).tensors}
        _check_there(path, modules, tensors)
        return {name: _norm(path, tensors[name]) for name in modules}
    except BadAdapter:
        raise
    except (OSError, ValueError, NotImplementedError, KeyError) as error:
        raise BadAdapter(f"{path}: the weights cannot be read ({error})") from error


def _folder_norms(path: Path, modules: Collection[str]) -> dict[str, float]:
    weights = projections(path)
    _check_there(path, modules, weights)
    return {name: weights[name].norm() for name in modules}


def _check_there(path: Path, modules: Collection[str], there: Collection[str]) -> None:
    if missing := set(modules) - set(there):
        raise BadAdapter(f"{path.name} has no {min(missing)}: the subspace is not for this model")


def _norm(path: Path, tensor: Tensor) -> float:
    kept = np.fromfile(path, np.uint8, tensor.size, offset=tensor.start)
    return float(np.linalg.norm(gguf.quants.dequantize(kept, tensor.kind)))
