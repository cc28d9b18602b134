"""GGUF LoRA files, as llama.cpp's own converter and `engine` write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.adapter_file import BadAdapterFile, read_adapter_file, write_adapter_file
from modes.share.change import Adapter, BadAdapter
from modes.share.exchange.base import BaseModel
from modes.share.exchange.files import paired


def read_lora_gguf(path: Path, base: BaseModel) -> Adapter:
    """The changes that a GGUF LoRA makes. Raises `BadAdapter`."""
    _check_base(base)
    try:
        architecture, factors = read_adapter_file(path)
    except BadAdapterFile as error:
        raise BadAdapter(str(error)) from error
    if architecture != base.architecture:
        raise BadAdapter(f"{path} is for a {architecture} model, the base is {base.architecture}")
    return base.checked(
        {
            name: paired(path, name, up.astype(np.float64), down.T.astype(np.float64))
            for name, (up, down) in factors.items()
        }
    )


def write_lora_gguf(path: Path, adapter: Adapter, base: BaseModel) -> None:
    """Write ``adapter`` for llama.cpp in float32. Raises `BadAdapter`, `OSError`."""
    _check_base(base)
    factors = {
        name: (one.left.astype(np.float32), np.ascontiguousarray(one.right.T, dtype=np.float32))
        for name, one in base.checked(adapter).items()
    }
    write_adapter_file(path, base.architecture, factors)


def _check_base(base: BaseModel) -> None:
    if base.folder:
        raise BadAdapter(
            "a GGUF LoRA has its rows as a GGUF has them, and the base is an MLX directory: "
            "take the form peft or mlx, or name the GGUF (--model)"
        )
