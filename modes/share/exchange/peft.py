"""PEFT adapter directories: ``adapter_config.json`` and ``adapter_model.safetensors``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from modes.share.change import Adapter, BadAdapter
from modes.share.exchange.base import BaseModel
from modes.share.exchange.files import check_used, paired, read_files, write_files

_CONFIG, _TENSORS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."
#: Fields of a config that make something else of the factors than a change of the weights by B A.
_OTHERWISE = (
    *("use_dora", "alora_invocation_tokens", "layer_replication", "use_qalora", "use_bdlora"),
    *("kasa_config", "monteclora_config", "arrow_config"),
)
#: Beginnings that take from the base what the factors begin with: B A is not the whole change then.
_TAKEN_FROM_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")


def read_peft(folder: Path, base: BaseModel) -> Adapter:
    """The changes that a LoRA in PEFT's form makes: ΔW = alpha / r · B A. Raises `BadAdapter`."""
    config, tensors = read_files(folder, _CONFIG, _TENSORS)
    _check_plain(folder, config)
    changes, used = {}, set()
    for key in [key for key in tensors if key.endswith(".lora_A.weight")]:
        name = key.removeprefix(_PREFIX).removesuffix(".lora_A.weight")
        other = key.replace(".lora_A.", ".lora_B.")
        if other not in tensors:
            raise BadAdapter(f"{folder}: {name} has lora_A and no lora_B")
        found = paired(folder / _TENSORS, name, tensors[other], tensors[key].T)
        scale = _scale(folder, config, name, found.left.shape[1])
        changes[name] = paired(folder / _TENSORS, name, found.left * scale, found.right)
        used |= {key, other}
    check_used(folder, tensors, used)
    return base.from_layers(changes)


def write_peft(folder: Path, adapter: Adapter, base: BaseModel, base_name: str = "") -> None:
    """Write ``adapter`` for PEFT, transformers and vLLM in float32, alpha = r. The folder is made.

    Raises `BadAdapter`, `OSError`.
    """
    layers = base.to_layers(adapter)
    rank = max(one.left.shape[1] for one in layers.values())
    tensors = {}
    for name, one in layers.items():
        missing = ((0, 0), (0, rank - one.left.shape[1]))
        for part, factor in (("lora_A", np.pad(one.right, missing).T), ("lora_B", np.pad(one.left, missing))):
            tensors[f"{_PREFIX}{name}.{part}.weight"] = np.ascontiguousarray(factor, dtype=np.float32)
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_name,
        "r": rank,
        "lora_alpha": rank,
        "lora_dropout": 0.0,
        "bias": "none",
        "inference_mode": True,
        "target_modules": sorted({name.rpartition(".")[2] for name in layers}),
    }
    write_files(folder, (_CONFIG, config), (_TENSORS, tensors, "pt"))


def _check_plain(folder: Path, config: dict[str, Any]) -> None:
    plain = f"{folder}: only plain LoRA adapters can be read"
    if config.get("peft_type") != "LORA":
        raise BadAdapter(f"{plain}, and this one's peft_type is {config.get('peft_type')}")
    if other := [field for field in _OTHERWISE if config.get(field)]:
        raise BadAdapter(f"{plain}, and this one has {other[0]} in {_CONFIG}")
    begun = str(config.get("init_lora_weights"))
    if begun.startswith(_TAKEN_FROM_BASE):
        raise BadAdapter(
            f"{plain}, and this one changed the base too (init_lora_weights is {begun}): have PEFT make "
            "a plain one of it (save_pretrained with path_initial_model_for_weight_conversion)"
        )


def _scale(folder: Path, config: dict[str, Any], name: str, rank: int) -> float:
    alpha = _for_module(folder, config.get("alpha_pattern") or {}, name, config.get("lora_alpha"))
    if not isinstance(alpha, int | float):
        raise BadAdapter(f"{folder}: lora_alpha is missing: the adapter's scale is not known")
    return float(alpha / (rank**0.5 if config.get("use_rslora") else rank))


def _for_module(folder: Path, pattern: Any, name: str, usual: Any) -> Any:
    """PEFT's patterns are matched against the end of a module's name."""
    if not isinstance(pattern, dict):
        raise BadAdapter(f"{folder}: alpha_pattern is no object: the adapter's scale is not known")
    for key, value in pattern.items():
        try:
            if re.match(rf"(.*\.)?({key})$", name):
                return value
        except re.error as error:
            raise BadAdapter(f"{folder}: alpha_pattern {key!r} cannot be read ({error})") from error
    return usual
