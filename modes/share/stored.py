"""A subspace with its modes as files of one folder: tensors (safetensors), and JSON that tells of them.

It must not know that there are versions.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from engine.lowrank import Basis, Coefficients, Core, Subspace
from modes.share.compaction import trimmed
from modes.share.subspace import padded

SCHEMA = 1
#: The JSON of a folder.
ABOUT = "subspace.json"
_DTYPES = {"f16": np.float16, "f32": np.float32}


@dataclass(frozen=True, slots=True)
class Shelved:
    """A basis with the modes in it. ``notes`` is any JSON kept beside: how it was made, its errors.

    ``version`` is the one of the operator's library that it was read from, if it was.
    """

    basis: Basis
    modes: Mapping[str, Coefficients]
    notes: Mapping[str, Any] = field(default_factory=dict)
    version: str | None = None


def write(folder: Path, shelved: Shelved, dtype: str) -> None:
    """All of it into an empty ``folder``, numbers as f16 or f32. Raises `OSError`, `SafetensorError`."""
    kind, basis = _DTYPES[dtype], shelved.basis
    tensors = {}
    for name, one in basis.modules.items():
        tensors[f"{name}.up"] = np.ascontiguousarray(one.up, dtype=kind)
        tensors[f"{name}.down"] = np.ascontiguousarray(one.down, dtype=kind)
    _save(tensors, folder / "basis.safetensors")
    for mode, coefficients in shelved.modes.items():
        _save(_cores(coefficients, kind), folder / f"{mode}.mode.safetensors")
    about = {
        "schema": SCHEMA,
        "base": basis.base,
        "dtype": dtype,
        "modules": {name: one.rank for name, one in basis.modules.items()},
        "modes": list(shelved.modes),
        "notes": dict(shelved.notes),
    }
    synced(folder / ABOUT, json.dumps(about, indent=1).encode())


def _cores(coefficients: Coefficients, kind: Any) -> dict[str, Any]:
    tensors = {}
    for name, whole in coefficients.cores.items():
        core = trimmed(whole)
        suffixes = {"core": core.left} if core.right is None else {"left": core.left, "right": core.right}
        for suffix, part in suffixes.items():
            tensors[f"{name}.{suffix}"] = np.ascontiguousarray(part, dtype=kind)
    return tensors


def _save(tensors: dict[str, Any], path: Path) -> None:
    save_file(tensors, path)
    path.chmod(0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def synced(path: Path, content: bytes) -> None:
    """Write the file at ``path``, for the owner alone; it is on the disk then. Raises `OSError`."""
    with open(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:  # noqa: PTH123
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read(folder: Path) -> Shelved:
    """What `write` wrote.

    Raises `OSError`, `ValueError`, `KeyError`, `TypeError`, `SafetensorError`, `LowRankError` for others.
    """
    about = json.loads((folder / ABOUT).read_text())
    if about["schema"] != SCHEMA:
        raise ValueError(f"schema {about['schema']}, this program reads {SCHEMA}")
    tensors = load_file(folder / "basis.safetensors")
    modules = {
        name: Subspace(_single(tensors[f"{name}.up"]), _single(tensors[f"{name}.down"]))
        for name in about["modules"]
    }
    ranks = {name: one.rank for name, one in modules.items()}
    modes = {mode: _mode(load_file(folder / f"{mode}.mode.safetensors"), ranks) for mode in about["modes"]}
    return Shelved(Basis(modules, about["base"]), modes, about["notes"])


def _mode(tensors: Mapping[str, Any], ranks: Mapping[str, int]) -> Coefficients:
    cores = {}
    for key, tensor in tensors.items():
        name, _, suffix = key.rpartition(".")
        if suffix == "core":
            cores[name] = padded(Core(_single(tensor)), ranks[name])
        elif suffix == "left":
            cores[name] = padded(Core(_single(tensor), _single(tensors[f"{name}.right"])), ranks[name])
    return Coefficients(cores)


def _single(tensor: Any) -> Any:
    return tensor.astype(np.float32)
