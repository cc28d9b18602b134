"""The order of the rows of queries and keys: in a GGUF it may be another than in Hugging Face's model."""

from __future__ import annotations

import numpy as np

from modes.share.change import BadAdapter, Matrix

#: Architectures whose rotary pairs are neighbours in a GGUF, but halves of a head in Hugging Face's models:
#: for them llama.cpp's converter (its folder ``conversion``) has ``undo_permute``, or calls ``permute``.
_TURNED = frozenset(
    {"llama", "llama-embed", "arcee", "deci", "granite", "granitemoe", "granitehybrid", "llada"}
    | {"minicpm", "mistral3", "nanbeige", "olmo", "smollm3"}
)
#: Those for which it writes the rows as they are.
_AS_THEY_ARE = frozenset(
    {
        "apertus",
        "cohere2",
        "command-r",
        "exaone4",
        "gemma",
        "gemma2",
        "gemma3",
        "gemma3n",
        "gemma4",
        "gpt-oss",
    }
    | {"lfm2", "llama4", "nemotron", "olmo2", "olmoe", "phi3", "qwen2", "qwen2moe", "qwen2vl", "qwen3"}
    | {"qwen3moe", "qwen3vl", "seed_oss", "stablelm", "starcoder2"}
)


def turns(architecture: str) -> bool:
    """Whether a GGUF has them in another order. Raises `BadAdapter` where that is not known."""
    if architecture not in _TURNED | _AS_THEY_ARE:
        raise BadAdapter(
            f"the order in which a GGUF of the architecture {architecture or '(none)'} has the rows of "
            "queries and keys is not known here: take a GGUF LoRA, or leave attn_q and attn_k out"
        )
    return architecture in _TURNED


def turned(rows: Matrix, heads: int, to_gguf: bool) -> Matrix:
    """Halves of each head interleaved, or apart again. Raises `BadAdapter` if ``heads`` do not fit."""
    if heads < 1:
        raise BadAdapter(
            "the base does not say how many heads all its layers have, by which the rows are ordered: "
            "take a GGUF LoRA, or leave attn_q and attn_k out"
        )
    if len(rows) % (2 * heads):
        raise BadAdapter(f"{len(rows)} rows cannot be divided among {heads} heads")
    shape = (heads, 2, -1) if to_gguf else (heads, len(rows) // heads // 2, 2)
    split = rows.reshape(*shape[:2], len(rows) // heads // shape[1], rows.shape[1])
    return np.ascontiguousarray(split.swapaxes(1, 2).reshape(rows.shape))
