"""Low-rank changes as a GGUF LoRA file, the form in which llama.cpp takes them.

ΔW = B A. ``adapter.lora.alpha`` 0 means that no other factor stands before it.
"""

from __future__ import annotations

import errno
from collections.abc import Container, Iterable, Mapping
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType as Kind
from gguf import GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize
from numpy.typing import NDArray

from engine.header import header_of

Matrix = NDArray[np.float32]

_A, _B = ".lora_a", ".lora_b"
#: Numbers that Q8_0 packs together.
_BLOCK = 32


class BadAdapterFile(ValueError):
    """A file that is no GGUF LoRA; the text says why."""


def write_adapter_file(
    path: Path,
    architecture: str,
    factors: Mapping[str, tuple[Matrix, Matrix]],
    packed: Container[str] = (),
) -> int:
    """Write ``(B, A)``, B (n × p) and A (p × d), by tensor name in float32; returns the tensors' bytes.

    Those whose names are ``packed`` have A in eight bits (Q8_0) where d is a multiple of 32.
    Raises `OSError`.
    """
    writer = GGUFWriter(path, architecture)
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 0.0)
    size = 0
    for name, (up, down) in factors.items():
        for suffix, tensor in ((_A, down), (_B, up)):
            data, kind = np.ascontiguousarray(tensor, dtype=np.float32), Kind.F32
            if name in packed and suffix == _A and data.shape[1] % _BLOCK == 0:
                data, kind = quantize(data, Kind.Q8_0), Kind.Q8_0
            writer.add_tensor(f"{name}{suffix}", data, raw_dtype=kind)
            size += data.nbytes
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    except OSError as error:  # NumPy's, for less written than asked, has no number and no text of its own
        raise OSError(error.errno or errno.EIO, error.strerror or str(error)) from error
    return size


def read_adapter_file(path: Path) -> tuple[str, dict[str, tuple[Matrix, Matrix]]]:
    """The architecture, and ``(B, A)`` by tensor name with the file's scale in B. Raises `BadAdapterFile`."""
    reader = _opened(path)
    alpha = _alpha(path, reader)
    try:
        tensors = {one.name: np.array(dequantize(one.data, one.tensor_type)) for one in reader.tensors}
    except NotImplementedError as error:
        raise BadAdapterFile(f"{path} has numbers of a kind that cannot be read ({error})") from error
    factors = {}
    for name in [key.removesuffix(_A) for key in tensors if key.endswith(_A)]:
        if name + _B not in tensors:
            raise BadAdapterFile(f"{path}: {name} has {_A} and no {_B}")
        up, down = tensors[name + _B], tensors[name + _A]
        if up.ndim != 2 or down.ndim != 2 or up.shape[1] != len(down) or not len(down):
            raise BadAdapterFile(
                f"{path}: {name} has factors {up.shape} and {down.shape}, which have no rank in common"
            )
        factors[name] = (up * np.float32(alpha / len(down) if alpha else 1.0), down)
    _check_used(path, tensors, factors)
    return _text(reader, "general.architecture"), factors


def _opened(path: Path) -> GGUFReader:
    """The file, if it is whole and a plain LoRA."""
    try:
        whole = max((one.start + one.size for one in header_of(path).tensors), default=0)
        missing = whole - path.stat().st_size
        reader = GGUFReader(path) if missing <= 0 else None
    except (OSError, ValueError) as error:
        raise BadAdapterFile(f"{path} cannot be read as GGUF ({error})") from error
    if reader is None:
        raise BadAdapterFile(f"{path} is cut off, {missing:,} bytes are missing: copy or fetch it again")
    if _text(reader, "adapter.type") != "lora":
        raise BadAdapterFile(f"{path} is a GGUF file, but no LoRA adapter")
    if reader.get_field("adapter.alora.invocation_tokens") is not None:
        raise BadAdapterFile(f"{path} acts after certain words only (aLoRA): only plain LoRA can be read")
    return reader


def _alpha(path: Path, reader: GGUFReader) -> float:
    field = reader.get_field("adapter.lora.alpha")
    if field is None:
        raise BadAdapterFile(f"{path} has no adapter.lora.alpha: its scale is not known")
    alpha = field.contents()
    if not isinstance(alpha, int | float):
        raise BadAdapterFile(f"{path} has an adapter.lora.alpha that is no number ({alpha})")
    return float(alpha)


def _check_used(path: Path, tensors: Iterable[str], factors: Container[str]) -> None:
    for name in tensors:
        if name.removesuffix(_A).removesuffix(_B) not in factors or not name.endswith((_A, _B)):
            what = "a second factor without its first" if name.endswith(_B) else "a whole weight"
            raise BadAdapterFile(
                f"{path}: {name} is {what}, which no mode can hold: make the adapter without it"
            )


def _text(reader: GGUFReader, key: str) -> str:
    field = reader.get_field(key)
    return str(field.contents()) if field else ""
