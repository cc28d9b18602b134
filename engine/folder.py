"""A directory of safetensors: its tensors found without a library, for the identity of what it holds.

It must not know what computes with them.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CHUNK = 16 << 20
#: What a config says beside the architecture that does not change what is computed.
_ASIDE = frozenset(
    {"_name_or_path", "architectures", "bos_token_id", "dtype", "eos_token_id", "pad_token_id", "torch_dtype"}
    | {"transformers_version", "use_cache"}
)


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor is: bytes from ``start`` to ``end`` of ``file``; ``kind`` as safetensors calls it."""

    name: str
    kind: str
    shape: tuple[int, ...]
    file: Path
    start: int
    end: int


def weight_files(folder: Path) -> list[Path]:
    """Where the weights are, as mlx-lm looks for them."""
    return sorted(folder.glob("model*.safetensors"))


def stamps(folder: Path) -> str:
    """Names, sizes and times of change of all that the identity is made of."""
    files = [folder / "config.json", *weight_files(folder)]
    return repr([(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files])


def folder_tensors(folder: Path) -> list[Tensor]:
    """All of them. Raises `OSError`, `ValueError` for a damaged file."""
    return [tensor for file in weight_files(folder) for tensor in _tensors(file)]


def folder_digest(folder: Path, cancelled: threading.Event | None = None) -> str | None:
    """SHA-256 (hex) over the config and every tensor's name, shape, type and data, in order of their names.

    How they are divided into files does not count. None when ``cancelled`` was set on the way. Raises
    `ValueError` for a damaged file.
    """
    config = json.loads((folder / "config.json").read_text())
    kept = {name: value for name, value in config.items() if name not in _ASIDE}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode())
    for tensor in sorted(folder_tensors(folder), key=lambda one: one.name):
        digest.update(repr((tensor.name, list(tensor.shape), tensor.kind)).encode())
        with (
            tensor.file.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as data,
        ):
            for start in range(tensor.start, tensor.end, _CHUNK):
                if cancelled is not None and cancelled.is_set():
                    return None
                with data[start : min(start + _CHUNK, tensor.end)] as part:
                    digest.update(part)
    return digest.hexdigest()


def _tensors(file: Path) -> Iterator[Tensor]:
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        if size > file.stat().st_size:
            raise ValueError(f"{file} is damaged or incomplete: download it again")
        header: dict[str, Any] = json.loads(opened.read(size))
    for name, about in header.items():
        if name != "__metadata__":
            start, end = about["data_offsets"]
            yield Tensor(name, about["dtype"], tuple(about["shape"]), file, 8 + size + start, 8 + size + end)
