"""The weights of a dense llama and its kin: by the shape of each, or as they lie in safetensors files."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

from engine.folder import weight_files
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
    for path in _files(folder):
        with path.open("rb") as file:
            try:
                size = struct.unpack("<Q", file.read(8))[0]
                header = json.loads(file.read(min(size, path.stat().st_size)))
                ends = [one["data_offsets"][1] for name, one in header.items() if name != "__metadata__"]
            except (struct.error, KeyError, TypeError, AttributeError, ValueError) as error:
                raise Unplannable(f"{path.name} is no whole safetensors file: fetch it again") from error
        total += max(ends, default=0)
    return total


def _files(folder: Path) -> list[Path]:
    """What is loaded: what lies beside it may be the same weights in another form."""
    there = sorted(folder.glob("*.safetensors"))
    index = folder / "model.safetensors.index.json"
    if not index.exists() or not there:
        return weight_files(folder) or there
    named = sorted(set(json.loads(index.read_text("utf-8")).get("weight_map", {}).values()))
    if missing := [name for name in named if not (folder / name).exists()]:
        raise Unplannable(f"{', '.join(missing)} missing beside it: fetch the rest, or move the weights away")
    return [folder / name for name in named]
