"""A GGUF read into MLX as it is: four and eight bits stay packed, nothing is quantised anew.

Only models of the architecture llama, as plain as SmolLM2: whatever else the file asks for is refused.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

from mlx_lm.models.llama import Model

from engine.contract import Progress
from engine.header import Header, header_of
from engine.llama.model import check_file
from engine.mlx.gguf_arguments import arguments, refused
from engine.mlx.library import machine, mx, nn
from engine.mlx.loading import Loaded, check_room, evaluate
from engine.mlx.vocabulary import GgufVocabulary
from engine.projections import PROJECTIONS

#: What MLX keeps packed, by ggml's name, and bits of each; weights in groups of 32.
_PACKED = {"Q4_0": 4, "Q4_1": 4, "Q8_0": 8}
_PLAIN = ("F32", "F16")
_GROUP = 32
#: Bytes of a weight that MLX has to unpack, and what a packed one grows by: its scales in float32.
_UNPACKED, _GROWTH = 4, 1.25

_OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_IN_LAYER = {**PROJECTIONS, "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}


def load_gguf(path: Path, on_progress: Progress) -> Loaded:
    """The model in ``path``. Raises `ModelUnusable`, `LoadCancelled`."""
    check_file(path)
    try:
        header = header_of(path)
    except (ValueError, KeyError) as error:
        raise refused(path, f"is damaged or incomplete ({error}): download it again") from error
    if header.architecture != "llama":
        raise refused(
            path,
            f"is a GGUF of the architecture '{header.architecture}', and MLX reads only 'llama' from GGUF "
            "here: use llama.cpp, or an MLX directory of the model",
        )
    check_room(path, _bytes(header), machine().free())
    weights, metadata = _read(path)
    model = Model(arguments(path, metadata, weights))
    _pack(model, weights)
    floats = mx.float16 if machine().gpu else mx.float32
    try:
        model.load_weights([(name, _as(value, floats)) for name, value in weights.items()])
    except ValueError as error:
        raise refused(path, f"does not have the tensors of a llama ({error}): use llama.cpp") from error
    evaluate(path, model, on_progress)
    return Loaded(
        model=model,
        vocabulary=GgufVocabulary(path),
        path=path,
        architecture="llama",
        modules={f"{name}.weight": renamed(name) for name in _projections(header)},
        size=sum(tensor.size for tensor in header.tensors),
        parameters=sum(prod(tensor.shape) for tensor in header.tensors),
        trained_context=header.numbers.get("llama.context_length", 0),
        notes=_notes(header),
    )


def renamed(name: str) -> str:
    """The path in mlx-lm's llama of a tensor (without its suffix) of a GGUF."""
    kind, *rest = name.split(".")
    if kind == "blk" and len(rest) == 2:
        return f"model.layers.{rest[0]}.{_IN_LAYER.get(rest[1], rest[1])}"
    return _OUTSIDE.get(name, name)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        weights, metadata = mx.load(str(path), format="gguf", return_metadata=True)
    except (RuntimeError, ValueError) as error:
        raise refused(path, f"cannot be read by MLX ({error}): use llama.cpp") from error
    named = {}
    for name, value in weights.items():
        stem, _, suffix = name.rpartition(".")
        named[f"{renamed(stem)}.{suffix}"] = value
    return named, metadata


def _pack(model: Any, weights: dict[str, Any]) -> None:
    """Make those modules quantised ones whose weights are packed."""

    def wanted(path: str, module: Any) -> bool | dict[str, Any]:
        if f"{path}.scales" not in weights or not hasattr(module, "to_quantized"):
            return False
        bits = weights[f"{path}.weight"].shape[-1] * 32 // module.weight.shape[-1]
        return {"group_size": _GROUP, "bits": bits, "mode": "affine"}

    nn.quantize(model, class_predicate=wanted)


def _as(value: Any, floats: Any) -> Any:
    return value.astype(floats) if mx.issubdtype(value.dtype, mx.floating) else value


def _projections(header: Header) -> list[str]:
    stems = (tensor.name.removesuffix(".weight") for tensor in header.tensors if len(tensor.shape) == 2)
    return [stem for stem in stems if stem.split(".")[-1] in _IN_LAYER]


def _bytes(header: Header) -> int:
    """What the weights take in MLX, at most."""
    return sum(
        int(tensor.size * _GROWTH) if tensor.kind.name in _PACKED else prod(tensor.shape) * _UNPACKED
        for tensor in header.tensors
    )


def _notes(header: Header) -> tuple[str, ...]:
    """What the operator should know of weights that do not stay packed."""
    loose = [one for one in header.tensors if one.kind.name not in {*_PACKED, *_PLAIN}]
    if not loose:
        return ()
    kinds = ", ".join(sorted({one.kind.name for one in loose}))
    return (
        f"{len(loose)} tensors are {kinds}, which MLX cannot keep packed: they are held as floats; "
        "llama.cpp, or an MLX directory of the model, needs less memory and is faster",
    )
