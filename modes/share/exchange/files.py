"""The two files of an adapter's folder: a config in JSON and factors in safetensors.

It must not know what they mean.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Container, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from modes.share.change import BadAdapter, Change, Matrix
from modes.share.folder import decoded

Tensors = Mapping[str, NDArray[np.float32]]
#: Each tensor's name, with its dtype, shape and data. It has no types of its own.
_deserialize: Callable[[bytes], list[tuple[str, dict[str, Any]]]] = safetensors.deserialize


def read_files(folder: Path, config: str, tensors: str) -> tuple[dict[str, Any], dict[str, Matrix]]:
    """The JSON object and the tensors, in float64, in the files of ``folder``. Raises `BadAdapter`."""
    try:
        said = json.loads((folder / config).read_text("utf-8"))
        kept = _deserialize((folder / tensors).read_bytes())
    except FileNotFoundError as error:
        raise BadAdapter(f"{folder}: there is no {Path(error.filename or tensors).name} in it") from error
    except (OSError, ValueError, SafetensorError) as error:
        raise BadAdapter(f"{folder} cannot be read ({error})") from error
    if not isinstance(said, dict):
        raise BadAdapter(f"{folder / config} holds no object: fetch the adapter again")
    return said, {name: _matrix(folder / tensors, name, about) for name, about in kept}


def write_files(
    folder: Path, config: tuple[str, Mapping[str, Any]], tensors: tuple[str, Tensors, str]
) -> None:
    """Make ``folder`` of a config and of tensors, each with its file's name; the last is the tensors' format.

    Raises `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name, factors, form = tensors
    try:
        save_file(dict(factors), folder / name, metadata={"format": form})
    except SafetensorError as error:  # a full disk too
        raise OSError(errno.EIO, str(error)) from error
    (folder / config[0]).write_text(json.dumps(config[1], indent=2) + "\n", "utf-8")


def _matrix(file: Path, name: str, about: dict[str, Any]) -> NDArray[np.float64]:
    try:
        numbers = decoded(np.frombuffer(about["data"], np.uint8), about["dtype"])
    except ValueError as error:
        raise BadAdapter(f"{file}: {name} is {error}: save it as float32, float16 or bfloat16") from error
    return numbers.reshape(about["shape"])


def paired(file: Path, name: str, left: Matrix, right: Matrix) -> Change:
    """ΔW = ``left`` ``right``ᵀ (n × r, d × r; r ≥ 1) of module ``name`` of ``file``. Raises `BadAdapter`."""
    try:
        change = Change(left, right)
    except BadAdapter as error:
        raise BadAdapter(f"{file}: {name}: {error}") from error
    if not left.shape[1]:
        raise BadAdapter(f"{file}: {name}: factors {left.shape} and {right.shape} have no rank at all")
    return change


def check_used(folder: Path, tensors: Iterable[str], used: Container[str]) -> None:
    """Raise `BadAdapter` for the first of ``tensors`` that is not ``used``, and would be lost."""
    for name in tensors:
        if name not in used:
            raise BadAdapter(
                f"{folder}: {name} is {_kind(name)}, which no mode can hold: train the adapter without it"
            )


def _kind(name: str) -> str:
    if "lora_embedding_" in name:
        return "a change of embeddings"
    if "lora_magnitude" in name:
        return "magnitudes of DoRA"
    if name.endswith((".lora_B.weight", ".lora_b")):
        return "a second factor without its first"
    return "a bias" if name.endswith("bias") else "a whole weight"
