"""Models as files describe them: GGUF, ``config.json``, safetensors, and what cannot be planned."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from engine.plan.model import read
from engine.plan.shape import Unplannable
from tests.engine.tiny import write_tiny_llama, write_tiny_mamba

CONFIGS = Path(__file__).parent / "configs"
LARGE, MLX = CONFIGS / "Llama-3.3-70B-Instruct", CONFIGS / "Qwen2.5-32B-Instruct-4bit"

#: The starter model as its config.json has it.
STARTER = {
    "model_type": "llama",
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "vocab_size": 49_152,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": True,
}


def wrote(folder: Path, **changes: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({**STARTER, **changes}))
    return path


def test_a_config_and_a_gguf_of_one_model_have_one_shape(starter: Path, tmp_path: Path) -> None:
    assert read(wrote(tmp_path)).shape == read(starter).shape


def test_all_weights_of_a_gguf_are_counted(starter: Path) -> None:
    planned = read(starter)
    assert planned.weights == 96_576_768
    assert planned.stored == "Q4_1, Q8_0, F32"


def test_parameters_without_a_quantisation_take_two_bytes_each(tmp_path: Path) -> None:
    layer = 2 * 576 * 576 + 2 * 576 * 192 + 3 * 576 * 1536 + 2 * 576
    assert read(wrote(tmp_path)).weights == 2 * (49_152 * 576 + 30 * layer + 576)


def test_weights_that_are_elsewhere_are_known_by_their_shapes() -> None:
    assert read(LARGE).weights == 2 * 70_553_706_496
    assert read(LARGE, "q4_k_m").weights == pytest.approx(42.5e9, rel=0.001)
    assert read(LARGE / "config.json", "mlx-4bit").weights == pytest.approx(70.55e9 * 4.5 / 8, rel=0.001)


def test_an_mlx_config_says_how_its_weights_are_stored() -> None:
    planned = read(MLX)
    assert planned.stored == "MLX 4 bits in groups of 64, by shape"
    assert planned.weights == read(MLX, "mlx-4bit").weights


@pytest.mark.parametrize("method", ["awq", "gptq"])
def test_awq_and_gptq_leave_embedding_and_last_layer_in_16_bits(tmp_path: Path, method: str) -> None:
    whole = json.loads((LARGE / "config.json").read_text())
    packed = {"quant_method": method, "bits": 4, "group_size": 128, "zero_point": True}
    (tmp_path / "config.json").write_text(json.dumps({**whole, "quantization_config": packed}))
    planned = read(tmp_path)
    assert planned.stored == f"{method.upper()} 4 bits in groups of 128, by shape"
    assert planned.weights == read(LARGE, "awq-4bit").weights
    ends, norms = 2 * 128_256 * 8_192, (2 * 80 + 1) * 8_192
    linear = 70_553_706_496 - ends - norms
    assert planned.weights == 2 * (ends + norms) + linear * 4 // 8 + linear // 128 * 20 // 8


def test_safetensors_beside_a_config_are_counted_as_they_are(tmp_path: Path) -> None:
    wrote(tmp_path)
    save_file({"a": np.zeros((3, 5), np.float32)}, tmp_path / "model-1.safetensors")
    save_file({"b": np.zeros(7, np.uint8)}, tmp_path / "model-2.safetensors")
    assert read(tmp_path).weights == 67


def test_a_part_of_the_weights_is_not_taken_for_all(tmp_path: Path) -> None:
    wrote(tmp_path)
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "one.safetensors")
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(Unplannable, match=r"two\.safetensors missing"):
        read(tmp_path)


@pytest.mark.parametrize("index", [True, False])
def test_weights_that_lie_there_a_second_time_are_counted_once(tmp_path: Path, index: bool) -> None:
    """Mistral's folders have all of them once more, in ``consolidated.safetensors``."""
    wrote(tmp_path)
    for name in ("model.safetensors", "consolidated.safetensors"):
        save_file({"a": np.zeros(7, np.uint8)}, tmp_path / name)
    if index:
        named = json.dumps({"weight_map": {"a": "model.safetensors"}})
        (tmp_path / "model.safetensors.index.json").write_text(named)
    assert read(tmp_path).weights == 7


def test_a_pointer_in_place_of_weights_is_no_safetensors_file(tmp_path: Path) -> None:
    """What git leaves there without its large files."""
    wrote(tmp_path)
    (tmp_path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\nsize 1\n")
    with pytest.raises(Unplannable, match=r"model\.safetensors is no whole safetensors file"):
        read(tmp_path)


def test_a_damaged_safetensors_file_is_named(tmp_path: Path) -> None:
    wrote(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00not JSON")
    with pytest.raises(Unplannable, match=r"model\.safetensors is no whole safetensors file"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_type": "deepseek_v3", "kv_lora_rank": 512}, "kv_lora_rank is in it"),
        ({"model_type": "mixtral", "num_local_experts": 8}, "num_local_experts is in it"),
        ({"model_type": "qwen3", "layer_types": ["linear_attention"]}, "linear attention is in it"),
        ({"model_type": "mamba"}, "the architecture mamba cannot be planned"),
        ({"hidden_size": None, "vocab_size": 0}, "hidden_size, vocab_size must be in it"),
        ({"model_type": "qwen3"}, "head_dim must be in it"),
        ({"model_type": "gemma3_text", "head_dim": 64}, "sliding_window must be in it"),
        ({"quantization": 4}, "put them beside it"),
        ({"quantization": {"bits": 4, "group_size": 32, "mode": "mxfp4"}}, "put them beside it"),
        ({"text_config": 1}, "its text_config is no JSON object"),
        ({"quantization": {"bits": 4, "group_size": 64, "x": {"bits": 8}}}, "put them beside it"),
        ({"quantization_config": {"quant_method": "fp8", "bits": 8, "group_size": 128}}, "--weights"),
        ({"torch_dtype": "float32"}, "weights in float32"),
    ],
)
def test_what_cannot_be_planned_is_said_and_no_number_is_given(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Unplannable, match=reason):
        read(wrote(tmp_path, **changes))


def test_a_recurrent_gguf_cannot_be_planned(tmp_path: Path) -> None:
    with pytest.raises(Unplannable, match="the architecture mamba cannot be planned"):
        read(write_tiny_mamba(tmp_path / "mamba.gguf"))


def test_layers_of_different_widths_cannot_be_planned(tmp_path: Path) -> None:
    path = write_tiny_llama(tmp_path / "tiny.gguf")
    heads = b"llama.attention.head_count_kv\x04\x00\x00\x00"
    content = path.read_bytes()
    assert heads + b"\x02" in content
    path.write_bytes(content.replace(heads + b"\x02", heads + b"\x01"))
    with pytest.raises(Unplannable, match="layers of different widths cannot be planned"):
        read(path)


def test_anything_else_is_refused_with_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(Unplannable, match=r"name a GGUF file, a config\.json or its directory"):
        read(tmp_path / "absent.gguf")
    with pytest.raises(Unplannable, match=r"is no GGUF file and no config\.json"):
        read(Path(shutil.copy(__file__, tmp_path / "text.gguf")))


def test_a_gguf_is_stored_as_it_is(starter: Path) -> None:
    with pytest.raises(Unplannable, match=r"--weights is for a config\.json"):
        read(starter, "q8_0")
