"""MLX adapters: ``adapter_config.json`` and ``adapters.safetensors``, factors transposed, scale given."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modes.share.change import Adapter, BadAdapter
from modes.share.exchange.base import BaseModel
from modes.share.exchange.files import check_used, paired, read_files, write_files

_CONFIG, _TENSORS = "adapter_config.json", "adapters.safetensors"


def read_mlx(folder: Path, base: BaseModel) -> Adapter:
    """The changes that a LoRA in MLX's form makes: ΔW = scale · (lora_a lora_b)ᵀ. Raises `BadAdapter`."""
    config, tensors = read_files(folder, _CONFIG, _TENSORS)
    if config.get("fine_tune_type", "lora") != "lora":
        raise BadAdapter(f"{folder}: only plain LoRA adapters can be read")
    parameters = config.get("lora_parameters")
    scale = parameters.get("scale") if isinstance(parameters, dict) else None
    if not isinstance(scale, int | float):
        raise BadAdapter(f"{folder}: lora_parameters.scale is missing: the adapter's scale is not known")
    changes, used = {}, set()
    for name in [key.removesuffix(".lora_a") for key in tensors if key.endswith(".lora_a")]:
        if f"{name}.lora_b" not in tensors:
            raise BadAdapter(f"{folder}: {name} has lora_a and no lora_b")
        right, left = tensors[f"{name}.lora_a"], tensors[f"{name}.lora_b"]
        changes[name] = paired(folder / _TENSORS, name, left.T * scale, right)
        used |= {f"{name}.lora_a", f"{name}.lora_b"}
    check_used(folder, tensors, used)
    return base.from_layers(changes)


def write_mlx(folder: Path, adapter: Adapter, base: BaseModel) -> None:
    """Write ``adapter`` for mlx-lm in float32 at scale 1. The folder is made.

    mlx-lm gives every module the same rank: those of less are filled up with zeros.
    Raises `BadAdapter`, `OSError`.
    """
    layers = base.to_layers(adapter)
    rank = max(one.left.shape[1] for one in layers.values())
    tensors = {}
    for name, one in layers.items():
        more = ((0, 0), (0, rank - one.left.shape[1]))
        tensors[f"{name}.lora_a"] = np.pad(one.right, more).astype(np.float32)
        tensors[f"{name}.lora_b"] = np.ascontiguousarray(np.pad(one.left, more).T, dtype=np.float32)
    config = {
        "fine_tune_type": "lora",
        # mlx-lm takes the last layers, so that none but all of them is sure to hold those that change.
        "num_layers": 1 + max(int(name.split(".")[1]) for name in base.shapes),
        "lora_parameters": {
            "rank": rank,
            "scale": 1.0,
            "dropout": 0.0,
            "keys": sorted({name.split(".", 3)[3] for name in layers}),
        },
    }
    write_files(folder, (_CONFIG, config), (_TENSORS, tensors, "mlx"))
