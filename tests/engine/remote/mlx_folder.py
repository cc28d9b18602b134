"""A llama in GGUF as a directory that mlx-lm and vLLM load: the same weights in float32, other names."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file

from modes.share.exchange.base import BaseModel
from modes.share.exchange.rows import turned

_NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_NORMS = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}


def write_mlx_folder(model: Path, folder: Path) -> Path:
    """Write ``model`` into ``folder``, which is made, with its tokenizer."""
    from transformers import AutoTokenizer

    folder.mkdir()
    base, reader = BaseModel.of(model), gguf.GGUFReader(model)
    weights = {}
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        name = _name(tensor.name, base)
        heads = {"q_proj": base.heads, "k_proj": base.kv_heads}.get(name.split(".")[-2])
        weights[name] = turned(values, heads, False) if heads else np.ascontiguousarray(values)
    save_file(weights, folder / "model.safetensors", metadata={"format": "mlx"})
    (folder / "config.json").write_text(json.dumps(_config(reader, base, "lm_head.weight" not in weights)))
    AutoTokenizer.from_pretrained(model.parent, gguf_file=model.name).save_pretrained(folder)
    return folder


def _name(name: str, base: BaseModel) -> str:
    if name in _NAMES:
        return _NAMES[name]
    _, layer, module, _ = name.split(".")
    if module in _NORMS:
        return f"model.layers.{layer}.{_NORMS[module]}.weight"
    return f"{base.layer_name(name)}.weight"


def _config(reader: gguf.GGUFReader, base: BaseModel, tied: bool) -> dict[str, object]:
    def told(name: str) -> object:
        field = reader.get_field(f"llama.{name}")
        assert field is not None
        return field.contents()

    tokens = reader.get_field("tokenizer.ggml.tokens")
    assert tokens is not None
    return {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": told("embedding_length"),
        "num_hidden_layers": told("block_count"),
        "intermediate_size": told("feed_forward_length"),
        "num_attention_heads": base.heads,
        "num_key_value_heads": base.kv_heads,
        "rms_norm_eps": told("attention.layer_norm_rms_epsilon"),
        "rope_theta": told("rope.freq_base"),
        "max_position_embeddings": told("context_length"),
        "vocab_size": len(tokens.data),
        "tie_word_embeddings": tied,
    }
