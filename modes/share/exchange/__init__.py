"""Adapters of other programs: read as changes of the base's weights, and written for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from modes.share.change import Adapter, BadAdapter
from modes.share.exchange.base import BaseModel
from modes.share.exchange.lora_gguf import read_lora_gguf, write_lora_gguf
from modes.share.exchange.mlx import read_mlx, write_mlx
from modes.share.exchange.peft import read_peft, write_peft

__all__ = ["FORMS", "BaseModel", "read_adapter"]

#: How an adapter is written, by the name of its form.
FORMS: dict[str, Callable[[Path, Adapter, BaseModel], None]] = {
    "peft": write_peft,
    "mlx": write_mlx,
    "gguf": write_lora_gguf,
}


def read_adapter(path: Path, base: BaseModel) -> Adapter:
    """A GGUF LoRA file, or a PEFT or MLX directory, by what is found at ``path``.

    Raises `BadAdapter`, also for one that changes nothing.
    """
    adapter = _read(path, base)
    if not any(change.norm for change in adapter.values()):
        raise BadAdapter(f"{path}: the adapter changes nothing: all its factors multiply to zero")
    return adapter


def _read(path: Path, base: BaseModel) -> Adapter:
    if path.is_file():
        return read_lora_gguf(path, base)
    if (path / "adapter_model.safetensors").exists():
        return read_peft(path, base)
    if (path / "adapters.safetensors").exists():
        return read_mlx(path, base)
    raise BadAdapter(
        f"{path} is no adapter: name a GGUF LoRA file, or a directory with adapter_model.safetensors (PEFT) "
        "or adapters.safetensors (MLX)"
    )
