"""The weights of a dense llama and its kin: by the shape of each, or as they lie in safetensors files."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

from engine.plan.kinds import Weight
from engine.plan.shape import Shape, Unplannable


def weights_of(shape: Shape, tied: bool, biased: bool) -> Iterator[Weight]:
    """Every weight; ``tied``: the embedding is the output too, ``biased``: Q, K and V have biases."""
    wide, queries = shape.embedding, shape.heads * shape.key
    keys, values = shape.kv_heads * shape.key, shape.kv_heads * shape.value
    yield Weight(wide, shape.vocabulary, "output" if tied else "embedding")
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


def bytes_there(folder: Path) -> int:
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
