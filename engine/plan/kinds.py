"""Bytes of weights that are not there: by the shape of each, and how a kind of file stores it.

Q4_K_M mixes kinds by the rules of llama.cpp's ``llama-quant.cpp``; MLX keeps a scale and a bias of 16 bits
with every group of numbers; AWQ and GPTQ keep a scale of 16 bits and a zero of as many as a number has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gguf import GGML_QUANT_SIZES, GGMLQuantizationType


@dataclass(frozen=True, slots=True)
class Weight:
    """One weight of ``rows`` × ``columns`` numbers, with its ``role`` where some kind treats it otherwise.

    A vector (rows 1) is never quantised.
    """

    columns: int
    rows: int = 1
    role: str = ""
    layer: int = 0


#: Bytes of a weight in a model of so many layers.
Kind = Callable[[Weight, int], int]

_Q = GGMLQuantizationType
#: What llama.cpp takes where rows are no whole number of blocks of 256.
_NARROW = {_Q.Q4_K: _Q.Q5_0, _Q.Q5_K: _Q.Q5_1, _Q.Q6_K: _Q.Q8_0}


def mlx(weight: Weight, _layers: int, *, bits: int, group: int) -> int:
    """MLX's affine quantisation."""
    numbers = weight.columns * weight.rows
    return 2 * numbers if weight.rows == 1 else numbers * bits // 8 + numbers // group * 4


def grouped(weight: Weight, _layers: int, *, bits: int, group: int) -> int:
    """AWQ and GPTQ, which leave the embedding and the last layer in 16 bits."""
    numbers = weight.columns * weight.rows
    if weight.rows == 1 or weight.role in ("embedding", "output"):
        return 2 * numbers
    return numbers * bits // 8 + numbers // group * (16 + bits) // 8


def _plain(weight: Weight, _layers: int, *, width: int) -> int:
    return width * weight.columns * weight.rows


def _ggml(weight: Weight, _layers: int, *, kind: GGMLQuantizationType) -> int:
    if weight.rows == 1:
        return 4 * weight.columns
    if weight.columns % GGML_QUANT_SIZES[kind][0]:
        kind = _NARROW.get(kind, _Q.F16)
    block, size = GGML_QUANT_SIZES[kind]
    return int(weight.columns * weight.rows // block * size)


def _q6_output(weight: Weight, layers: int, *, kind: GGMLQuantizationType) -> int:
    """4 bits with the last layer in 6: llama.cpp's habit for files of one kind."""
    return _ggml(weight, layers, kind=_Q.Q6_K if weight.role == "output" else kind)


def _q4_k_m(weight: Weight, layers: int) -> int:
    kind = _Q.Q4_K
    if weight.role == "output" or (
        weight.role in ("value", "down") and _gets_more_bits(weight.layer, layers)
    ):
        kind = _Q.Q6_K
    elif weight.role == "value" and layers == 80:  # the rule for models of 70 billion parameters
        kind = _Q.Q5_K
    return _ggml(weight, layers, kind=kind)


def _gets_more_bits(layer: int, layers: int) -> bool:
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


KINDS: dict[str, Kind] = {
    "bf16": partial(_plain, width=2),
    "q8_0": partial(_ggml, kind=_Q.Q8_0),
    "q6_k": partial(_ggml, kind=_Q.Q6_K),
    "q4_k_m": _q4_k_m,
    "q4_0": partial(_q6_output, kind=_Q.Q4_0),
    "awq-4bit": partial(grouped, bits=4, group=128),
    "mlx-8bit": partial(mlx, bits=8, group=64),
    "mlx-4bit": partial(mlx, bits=4, group=64),
}
NAMES = tuple(KINDS)
