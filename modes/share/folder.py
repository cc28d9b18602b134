"""The projections of an MLX directory: names, shapes and norms of weights, packed or not, without MLX."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.folder import Tensor, folder_tensors
from engine.projections import PROJECTIONS

_OURS = {theirs: ours for ours, theirs in PROJECTIONS.items()}
#: Layers of these see or hear; no mode changes them.
SENSES = ("vision", "audio")
#: Numbers that are unpacked at a time.
_PIECE = 1 << 22


@dataclass(frozen=True, slots=True)
class Weight:
    """One weight as it is kept, with scales and biases (n × groups) where it is packed in groups."""

    kept: Tensor
    scales: Tensor | None
    biases: Tensor | None
    group: int
    mode: str

    @property
    def shape(self) -> tuple[int, int]:
        """(n, d) of what is packed."""
        rows, columns = self.kept.shape
        return rows, columns if self.scales is None else self.scales.shape[1] * self.group

    def norm(self) -> float:
        """‖W0‖ (Frobenius). Raises `ValueError` for a way of packing that is not read here."""
        total = 0.0
        rows, columns = self.shape
        step = max(1, _PIECE // columns)
        for start in range(0, rows, step):
            total += float((self._rows(start, min(rows, start + step)) ** 2).sum())
        return float(np.sqrt(total))

    def _rows(self, start: int, end: int) -> NDArray[np.float64]:
        if self.scales is None:
            return _numbers(self.kept, start, end)
        if self.mode != "affine" or self.biases is None:
            raise ValueError(f"weights packed as {self.mode} are not read here")
        # A stream of bits, the lowest first, whatever their number.
        raw = _raw(self.kept, start, end).view(np.uint8)
        bits = raw.size * 8 // ((end - start) * self.shape[1])
        whole = np.unpackbits(raw, bitorder="little").reshape(-1, self.group, bits)
        levels = (whole @ (1 << np.arange(bits))).astype("f8")
        scales, biases = (_numbers(one, start, end).reshape(-1, 1) for one in (self.scales, self.biases))
        return levels * scales + biases


def projections(folder: Path) -> dict[str, Weight]:
    """Every projection by our name (``blk.3.ffn_down.weight``). Raises `OSError`, `ValueError`."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    packing = config.get("quantization") or config.get("quantization_config") or {}
    tensors = {one.name: one for one in folder_tensors(folder)}
    found = {}
    for name, tensor in tensors.items():
        stem = name.removesuffix(".weight")
        parts = re.fullmatch(r"(?:.*\.)?layers\.(\d+)\.(.+)", stem)
        known = parts is not None and parts[2] in _OURS and len(tensor.shape) == 2
        if parts is None or not known or any(sense in name for sense in SENSES):
            continue
        own = packing.get(stem)
        how = {**packing, **own} if isinstance(own, dict) else packing
        scales, biases = tensors.get(f"{stem}.scales"), tensors.get(f"{stem}.biases")
        weight = Weight(tensor, scales, biases, int(how.get("group_size", 64)), how.get("mode", "affine"))
        found[f"blk.{parts[1]}.{_OURS[parts[2]]}.weight"] = weight
    return found


def decoded(raw: NDArray[np.uint8], kind: str) -> NDArray[np.float64]:
    """The numbers in bytes of ``kind``, as safetensors calls it, in one row. Raises `ValueError`."""
    if kind == "BF16":  # the upper half of a float32
        return (raw.view("<u2").astype("<u4") << 16).view("<f4").astype("f8")
    kinds = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}
    if kind not in kinds:
        raise ValueError(f"{kind}, which is not read here")
    return raw.view(kinds[kind]).astype("f8")


def _raw(tensor: Tensor, start: int, end: int) -> NDArray[Any]:
    """Bytes of the rows from ``start`` to ``end``."""
    row = (tensor.end - tensor.start) // tensor.shape[0]
    return np.fromfile(tensor.file, np.uint8, row * (end - start), offset=tensor.start + row * start)


def _numbers(tensor: Tensor, start: int, end: int) -> NDArray[np.float64]:
    try:
        return decoded(_raw(tensor, start, end), tensor.kind)
    except ValueError as error:
        raise ValueError(f"{tensor.name} is {error}") from error
