"""A Hugging Face or MLX ``config.json``: shape and weights, also of a model that is not on this machine."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from engine.plan.kinds import KINDS, Kind, Weight, mlx
from engine.plan.shape import Shape, Unplannable, check, shape_of

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
    text = whole.get("text_config", whole)
    shape = _shape(text)
    notes = ("the part that sees pictures is left out",) if text is not whole else ()
    tied = bool((text | whole).get("tie_word_embeddings", shape.architecture == "gemma3"))
    if stored is None and (there := _there(folder)):
        return Found(shape, there, "as in its safetensors files", ())
    name, kind = _kind(whole | text, stored)
    weights = sum(kind(weight, shape.layers) for weight in _weights(shape, text, tied))
    return Found(shape, weights, f"{name}, by shape", notes)


def _shape(text: Mapping[str, Any]) -> Shape:
    foreign = next((key for key in _FOREIGN if text.get(key)), None)
    if foreign or "linear_attention" in text.get("layer_types", ()):
        raise Unplannable(f"{foreign or 'linear attention'} is in it: only dense attention can be planned")
    missing = [key for key in _NEEDED if not isinstance(text.get(key), int)]
    if missing:
        raise Unplannable(f"{', '.join(missing)} must be whole numbers in it")
    kind = str(text.get("model_type", ""))
    architecture = _ARCHITECTURES.get(kind, kind)

    def number(key: str) -> int | None:
        if key == "attention.sliding_window":
            return text.get("sliding_window") if architecture == "gemma3" else None
        found = text.get(_KEYS.get(key, ""))
        return found if isinstance(found, int) else None

    check(architecture, number)
    return shape_of(architecture, number, text["vocab_size"])


def _kind(config: Mapping[str, Any], stored: str | None) -> tuple[str, Kind]:
    """How the weights are stored: as asked, as MLX says, or in 16 bits."""
    if stored is not None:
        return stored, KINDS[stored]
    quantised = config.get("quantization") or config.get("quantization_config")
    if quantised:
        bits, group = quantised.get("bits"), quantised.get("group_size")
        mixed = any(isinstance(value, Mapping) for value in quantised.values())
        if quantised.get("quant_method") or mixed or not bits or not group:
            raise Unplannable(
                "the bytes of this quantisation are not known without the weights: put them beside it, "
                f"or say how they are stored (--weights {'|'.join(KINDS)})"
            )
        return f"MLX {bits} bits in groups of {group}", partial(mlx, bits=bits, group=group)
    width = config.get("torch_dtype") or config.get("dtype") or "bfloat16"
    if width not in ("bfloat16", "float16"):
        raise Unplannable(
            f"weights in {width} cannot be planned: say how they are stored (--weights {'|'.join(KINDS)})"
        )
    return str(width), KINDS["bf16"]


def _weights(shape: Shape, text: Mapping[str, Any], tied: bool) -> Iterator[Weight]:
    """Every weight of a dense llama and its kin."""
    wide, queries = shape.embedding, shape.heads * shape.key
    keys, values = shape.kv_heads * shape.key, shape.kv_heads * shape.value
    biased = text.get("attention_bias", shape.architecture == "qwen2")
    yield Weight(wide, shape.vocabulary, "output" if tied else "")
    if not tied:
        yield Weight(wide, shape.vocabulary, "output")
    yield Weight(wide)
    for layer in range(shape.layers):
        yield from (Weight(wide, rows) for rows in (queries, keys, shape.feed_forward, shape.feed_forward))
        yield Weight(wide, values, "value", layer)
        yield Weight(shape.heads * shape.value, wide)
        yield Weight(shape.feed_forward, wide, "down", layer)
        yield from (Weight(wide) for _ in range(4 if shape.architecture == "gemma3" else 2))
        if shape.architecture in ("gemma3", "qwen3"):
            yield from (Weight(shape.key), Weight(shape.key))
        if biased:
            yield from (Weight(queries), Weight(keys), Weight(values))


def _there(folder: Path) -> int:
    """Bytes of the tensors in the safetensors files of ``folder``; 0 when there are none."""
    total = 0
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            try:
                header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
                ends = [one["data_offsets"][1] for name, one in header.items() if name != "__metadata__"]
            except (struct.error, KeyError, TypeError, AttributeError, ValueError) as error:
                raise Unplannable(f"{path.name} is no whole safetensors file: fetch it again") from error
        total += max(ends, default=0)
    _check_all_there(folder)
    return total


def _check_all_there(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    if not index.exists() or not any(folder.glob("*.safetensors")):
        return
    named = set(json.loads(index.read_text("utf-8")).get("weight_map", {}).values())
    if missing := sorted(name for name in named if not (folder / name).exists()):
        raise Unplannable(f"{', '.join(missing)} missing beside it: fetch the rest, or move the weights away")
