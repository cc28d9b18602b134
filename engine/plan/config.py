"""A Hugging Face or MLX ``config.json``: shape and weights, also of a model that is not on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from engine.plan.kinds import KINDS, Kind, grouped, mlx
from engine.plan.shape import Shape, Unplannable, check, shape_of
from engine.plan.weights import bytes_there, weights_of

#: GGUF's names of what is called otherwise here.
_ARCHITECTURES = {"gemma3_text": "gemma3", "mistral": "llama"}
_KEYS = {
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.value_length": "head_dim",
    "block_count": "num_hidden_layers",
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
}
_NEEDED = ("num_attention_heads", "num_hidden_layers", "hidden_size", "intermediate_size", "vocab_size")
#: What has a default of its own in an architecture, so that it must be said.
_NEEDED_BY = {
    "gemma3": ("head_dim", "num_key_value_heads", "sliding_window"),
    "qwen2": ("num_key_value_heads",),
    "qwen3": ("head_dim", "num_key_value_heads"),
}
#: The one pattern of windows that llama.cpp takes gemma3 to have.
_PATTERN = 6
#: Signs of layers that are not dense attention.
_FOREIGN = ("kv_lora_rank", "state_size", "linear_num_value_heads", "num_local_experts", "num_experts")


@dataclass(frozen=True, slots=True)
class Found:
    """See `engine.plan.model.Planned`."""

    shape: Shape
    weights: int
    stored: str
    notes: tuple[str, ...]


def read(path: Path, folder: Path, stored: str | None) -> Found:
    """What a config says, and the weights in its ``folder`` where there are any.

    Raises `Unplannable`, `OSError`, `ValueError`.
    """
    whole = json.loads(path.read_text("utf-8"))
    if not isinstance(whole, dict):
        raise ValueError("no JSON object")
    text = whole.get("text_config") or whole
    if not isinstance(text, dict):
        raise ValueError("its text_config is no JSON object")
    shape = _shape(text)
    notes = ("the part that sees pictures is left out",) if text is not whole else ()
    tied = bool((text | whole).get("tie_word_embeddings", shape.architecture == "gemma3"))
    if stored is None and (there := bytes_there(folder)):
        return Found(shape, there, "as in its safetensors files", ())
    name, kind = _kind(whole | text, stored)
    biased = bool(text.get("attention_bias", shape.architecture == "qwen2"))
    weights = sum(kind(weight, shape.layers) for weight in weights_of(shape, tied, biased))
    return Found(shape, weights, f"{name}, by shape", notes)


def _shape(text: Mapping[str, Any]) -> Shape:
    foreign = next((key for key in _FOREIGN if text.get(key)), None)
    if foreign or "linear_attention" in (text.get("layer_types") or ()):
        raise Unplannable(f"{foreign or 'linear attention'} is in it: only dense attention can be planned")
    kind = str(text.get("model_type", ""))
    architecture = _ARCHITECTURES.get(kind, kind)
    needed = (*_NEEDED, *_NEEDED_BY.get(architecture, ()))
    if missing := [key for key in needed if not _is_number(text.get(key))]:
        raise Unplannable(f"{', '.join(missing)} must be in it, a whole number above 0")
    if architecture == "gemma3" and text.get("sliding_window_pattern", _PATTERN) != _PATTERN:
        raise Unplannable(f"a sliding_window_pattern other than {_PATTERN} cannot be planned")

    def number(key: str) -> int | None:
        if key == "attention.sliding_window":
            return text.get("sliding_window") if architecture == "gemma3" else None
        found = text.get(_KEYS.get(key, ""))
        return found if _is_number(found) else None

    check(architecture, number)
    return shape_of(architecture, number, text["vocab_size"])


def _kind(config: Mapping[str, Any], stored: str | None) -> tuple[str, Kind]:
    """How the weights are stored: as asked, as the config says, or in 16 bits."""
    if stored is not None:
        return stored, KINDS[stored]
    quantised = config.get("quantization") or config.get("quantization_config")
    if quantised:
        method = _uniform(quantised) if isinstance(quantised, Mapping) else None
        if method is None:
            raise Unplannable(
                "the bytes of this quantisation are not known without the weights: put them beside it, "
                f"or say how they are stored (--weights {'|'.join(KINDS)})"
            )
        bits, group = quantised["bits"], quantised["group_size"]
        kind = mlx if method == "MLX" else grouped
        return f"{method} {bits} bits in groups of {group}", partial(kind, bits=bits, group=group)
    width = config.get("torch_dtype") or config.get("dtype") or "bfloat16"
    if width not in ("bfloat16", "float16"):
        raise Unplannable(
            f"weights in {width} cannot be planned: say how they are stored (--weights {'|'.join(KINDS)})"
        )
    return str(width), KINDS["bf16"]


def _uniform(quantised: Mapping[str, Any]) -> str | None:
    """MLX (its affine form), AWQ or GPTQ, the same for every matrix; None for anything else."""
    known = _is_number(quantised.get("bits")) and _is_number(quantised.get("group_size"))
    if not known or any(isinstance(value, Mapping) for value in quantised.values()):
        return None
    if method := quantised.get("quant_method"):
        return str(method).upper() if method in ("awq", "gptq") else None
    return "MLX" if quantised.get("mode", "affine") == "affine" else None


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
