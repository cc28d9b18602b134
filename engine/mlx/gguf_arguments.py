"""A GGUF of the architecture llama in mlx-lm's terms; whims that are not read here are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlx_lm.models.llama import ModelArgs

from engine.contract import ModelUnusable


def refused(path: Path, why: str) -> ModelUnusable:
    """The error for a file that ``why``."""
    return ModelUnusable(f"{path} {why}")


def arguments(path: Path, metadata: dict[str, Any], weights: dict[str, Any]) -> Any:
    """``ModelArgs``, from metadata and tensors by mlx-lm's names. Raises `ModelUnusable`."""

    def number(key: str, default: float | None = None) -> Any:
        found = metadata.get(f"llama.{key}")
        if found is None and default is None:
            raise refused(path, f"has no llama.{key}: it is damaged, or no chat model")
        return default if found is None else found.item()

    heads = number("attention.head_count")
    size = number("attention.key_length", number("embedding_length") // heads)
    unusual = [
        name
        for name, is_so in {
            "experts": number("expert_count", 0) > 0,
            "scaled positions": "llama.rope.scaling.type" in metadata or "rope_freqs.weight" in weights,
            "partly turned heads": number("rope.dimension_count", size) != size,
            "unequal heads": number("attention.value_length", size) != size,
        }.items()
        if is_so
    ]
    if unusual:
        raise refused(path, f"has {' and '.join(unusual)}, which are not read from GGUF here: use llama.cpp")
    return ModelArgs(
        model_type="llama",
        hidden_size=number("embedding_length"),
        num_hidden_layers=number("block_count"),
        intermediate_size=number("feed_forward_length"),
        num_attention_heads=heads,
        num_key_value_heads=number("attention.head_count_kv", heads),
        head_dim=size,
        rms_norm_eps=number("attention.layer_norm_rms_epsilon"),
        vocab_size=weights["model.embed_tokens.weight"].shape[0],
        rope_theta=number("rope.freq_base", 10_000.0),
        rope_traditional=True,  # the rows of q and k are permuted for it
        tie_word_embeddings="lm_head.weight" not in weights,
    )
