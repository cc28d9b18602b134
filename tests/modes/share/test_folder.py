"""What is told of an MLX directory without MLX is what MLX itself has."""

from __future__ import annotations

import json
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from mlx import nn
from mlx.utils import tree_flatten

from modes.share.change import BadAdapter
from modes.share.exchange import BaseModel, read_adapter
from modes.share.exchange.lora_gguf import write_lora_gguf
from modes.share.exchange.mlx import write_mlx
from modes.share.norms import weight_norms
from tests.modes.share.adapters import adapter, dense

N, D = 48, 128
NAME = "blk.1.ffn_down.weight"
PATH = "model.layers.1.mlp.down_proj"


def write_folder(folder: Path, module: nn.Module, packing: object = None) -> Path:
    folder.mkdir()
    weights = {f"{PATH}.{name}": value for name, value in tree_flatten(module.parameters())}
    weights["model.layers.1.input_layernorm.weight"] = mx.ones(N)
    weights["vision_tower.layers.1.mlp.down_proj.weight"] = mx.ones((2, 2))
    mx.save_safetensors(str(folder / "model.safetensors"), weights)
    config = {"model_type": "llama"} | ({} if packing is None else {"quantization": packing})
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def linear(dtype: mx.Dtype = mx.float32) -> nn.Linear:
    mx.random.seed(0)
    module = nn.Linear(D, N, bias=False)
    module.set_dtype(dtype)
    return module


@pytest.mark.parametrize("dtype", [mx.float32, mx.float16, mx.bfloat16])
def test_the_norm_of_a_plain_weight(tmp_path: Path, dtype: mx.Dtype) -> None:
    module = linear(dtype)
    folder = write_folder(tmp_path / "m", module)
    assert BaseModel.of(folder).shapes == {NAME: (N, D)}
    wanted = float(mx.linalg.norm(module.weight.astype(mx.float32)).item())
    assert weight_norms(folder, [NAME]) == pytest.approx({NAME: wanted}, rel=1e-5)


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 8])
@pytest.mark.parametrize("group", [32, 64])
@pytest.mark.parametrize("dtype", [mx.float32, mx.bfloat16])
def test_the_norm_of_a_packed_weight(tmp_path: Path, bits: int, group: int, dtype: mx.Dtype) -> None:
    module = nn.QuantizedLinear.from_linear(linear(dtype), group, bits)
    folder = write_folder(tmp_path / "m", module, {"group_size": group, "bits": bits})
    assert BaseModel.of(folder).shapes == {NAME: (N, D)}
    whole = mx.dequantize(module.weight, module.scales, module.biases, group, bits)
    wanted = float(np.linalg.norm(np.array(whole.astype(mx.float32))))
    assert weight_norms(folder, [NAME]) == pytest.approx({NAME: wanted}, rel=3e-3)


def test_a_module_that_is_packed_in_another_way_than_the_rest(tmp_path: Path) -> None:
    module = nn.QuantizedLinear.from_linear(linear(), 32, 8)
    packing = {"group_size": 64, "bits": 4, PATH: {"group_size": 32, "bits": 8}}
    assert BaseModel.of(write_folder(tmp_path / "m", module, packing)).shapes == {NAME: (N, D)}


def test_a_packing_that_is_not_read_here_is_named(tmp_path: Path) -> None:
    module = nn.QuantizedLinear.from_linear(linear(), 32, 4, mode="mxfp4")
    folder = write_folder(tmp_path / "m", module, {"group_size": 32, "bits": 4, "mode": "mxfp4"})
    with pytest.raises(BadAdapter, match="weights packed as mxfp4 are not read here"):
        weight_norms(folder, [NAME])


def test_a_module_that_the_directory_does_not_have_is_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m", linear())
    with pytest.raises(BadAdapter, match=r"m has no blk\.9\.ffn_down\.weight: the subspace is not for this"):
        weight_norms(folder, ["blk.9.ffn_down.weight"])


def test_a_directory_that_is_no_model_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(BadAdapter, match="cannot be read as an MLX directory"):
        BaseModel.of(tmp_path)
    with pytest.raises(BadAdapter, match="the weights cannot be read"):
        weight_norms(tmp_path, [NAME])
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BadAdapter, match="has no projections"):
        BaseModel.of(tmp_path)


def test_an_adapter_of_mlx_comes_back_and_one_in_gguf_is_refused(tmp_path: Path) -> None:
    base = BaseModel.of(write_folder(tmp_path / "m", linear()))
    made = adapter(0, shapes={NAME: (N, D)})
    write_mlx(tmp_path / "lora", made, base)
    found = read_adapter(tmp_path / "lora", base)
    assert np.allclose(dense(found[NAME]), dense(made[NAME]), atol=1e-5)
    with pytest.raises(BadAdapter, match="the base is an MLX directory: take the form peft or mlx"):
        write_lora_gguf(tmp_path / "lora.gguf", made, base)
