"""GGUF files with the shapes of models and no weights: holes on the disk, mapped and never read."""

from __future__ import annotations

from math import prod
from pathlib import Path

import gguf
import numpy as np

from engine.plan.shape import Shape

_Q = gguf.GGMLQuantizationType


def write_hollow(path: Path, shape: Shape) -> Path:
    """A model of this shape in Q4_1."""
    writer = gguf.GGUFWriter(path, shape.architecture)
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.trained)
    writer.add_embedding_length(shape.embedding)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.key)
    writer.add_value_length(shape.value)
    writer.add_rope_dimension_count(shape.key)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("no_vocab")
    writer.add_vocab_size(shape.vocabulary)
    if shape.window:
        writer.add_sliding_window(shape.window)
    size = sum(_add(writer, name, sizes) for name, sizes in _tensors(shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with path.open("r+b") as file:
        file.truncate(_aligned(path.stat().st_size) + size)
    return path


def _tensors(shape: Shape) -> list[tuple[str, tuple[int, ...]]]:
    """Names and sizes, fastest dimension first."""
    wide, heads = shape.embedding, shape.heads * shape.key
    keys, values = shape.kv_heads * shape.key, shape.kv_heads * shape.value
    found: list[tuple[str, tuple[int, ...]]] = [
        ("token_embd", (wide, shape.vocabulary)),
        ("output_norm", (wide,)),
    ]
    norms = {"attn_norm": wide, "ffn_norm": wide}
    if shape.architecture in ("qwen3", "gemma3"):
        norms |= {"attn_q_norm": shape.key, "attn_k_norm": shape.key}
    if shape.architecture == "gemma3":
        norms |= {"post_attention_norm": wide, "post_ffw_norm": wide}
    for layer in range(shape.layers):
        sizes: dict[str, tuple[int, ...]] = {name: (size,) for name, size in norms.items()}
        sizes |= {"attn_q": (wide, heads), "attn_k": (wide, keys), "attn_v": (wide, values)}
        sizes |= {"attn_output": (shape.heads * shape.value, wide)}
        sizes |= {"ffn_gate": (wide, shape.feed_forward), "ffn_up": (wide, shape.feed_forward)}
        sizes |= {"ffn_down": (shape.feed_forward, wide)}
        found += [(f"blk.{layer}.{name}", size) for name, size in sizes.items()]
    return found


def _add(writer: gguf.GGUFWriter, name: str, sizes: tuple[int, ...]) -> int:
    kind = _Q.F32 if len(sizes) == 1 else _Q.Q4_1
    block, width = gguf.GGML_QUANT_SIZES[kind]
    size = prod(sizes) // block * width
    rows = tuple(reversed(sizes))
    if kind == _Q.F32:
        writer.add_tensor_info(f"{name}.weight", rows, np.dtype(np.float32), size)
    else:
        shape = gguf.quant_shape_to_byte_shape(rows, kind)
        writer.add_tensor_info(f"{name}.weight", shape, np.dtype(np.uint8), size, raw_dtype=kind)
    return _aligned(size)


def _aligned(size: int) -> int:
    return -(-size // 32) * 32
