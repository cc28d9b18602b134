"""Adapters of other programs come in as the changes they make, and go out so that they make the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from gguf import GGUFWriter
from safetensors.numpy import load_file, save_file

from engine.adapter_file import write_adapter_file
from engine.llama.engine import LlamaEngine, LlamaOptions
from modes.share.change import Adapter, BadAdapter, Change
from modes.share.exchange import read_adapter
from modes.share.exchange.base import BaseModel
from modes.share.exchange.lora_gguf import read_lora_gguf, write_lora_gguf
from modes.share.exchange.mlx import read_mlx, write_mlx
from modes.share.exchange.peft import read_peft, write_peft
from modes.share.subspace import build
from tests.engine.reference import DenseLlama
from tests.engine.tiny import HEADS, HIDDEN, KV_HEADS, LAYERS, WIDTH, write_tiny_llama
from tests.modes.share.adapters import change, dense

_KEYS = WIDTH // HEADS * KV_HEADS
_SHAPES = {
    "attn_q": (WIDTH, WIDTH),
    "attn_k": (_KEYS, WIDTH),
    "attn_output": (WIDTH, WIDTH),
    "ffn_down": (WIDTH, HIDDEN),
}
BASE = BaseModel(
    "llama",
    {f"blk.{i}.{name}.weight": shape for i in range(LAYERS) for name, shape in _SHAPES.items()},
    HEADS,
    KV_HEADS,
)

Write = Callable[[Path, Adapter, BaseModel], None]
Read = Callable[[Path, BaseModel], Adapter]
FORMS: dict[str, tuple[Write, Read]] = {
    "peft": (write_peft, read_peft),
    "mlx": (write_mlx, read_mlx),
    "gguf": (write_lora_gguf, read_lora_gguf),
}


@pytest.fixture
def adapter() -> dict[str, Change]:
    rng = np.random.default_rng(1)
    return {name: change(rng, shape, 2 + at % 2) for at, (name, shape) in enumerate(BASE.shapes.items())}


@pytest.mark.parametrize("form", FORMS)
def test_what_goes_out_comes_in_again(form: str, adapter: Adapter, tmp_path: Path) -> None:
    write, read = FORMS[form]
    write(tmp_path / "adapter", adapter, BASE)
    found = read(tmp_path / "adapter", BASE)
    assert set(found) == set(adapter)
    for name, one in adapter.items():
        np.testing.assert_allclose(dense(found[name]), dense(one), atol=1e-4)


def test_mlx_lm_is_given_one_rank_for_all_modules(adapter: Adapter, tmp_path: Path) -> None:
    """It refuses to load an adapter of several; where the change has less, the rest are zeros."""
    assert len({one.left.shape[1] for one in adapter.values()}) > 1
    write_mlx(tmp_path / "adapter", adapter, BASE)
    rank = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())["lora_parameters"]["rank"]
    tensors = load_file(tmp_path / "adapter" / "adapters.safetensors")
    assert {tensor.shape[name.endswith("lora_a")] for name, tensor in tensors.items()} == {rank}


def test_llama_cpp_computes_with_an_exported_file_what_the_changes_say(tmp_path: Path) -> None:
    """Through a subspace, as a mode: the engine's logits are those of the dense weights."""
    path = write_tiny_llama(tmp_path / "tiny.gguf")
    rng = np.random.default_rng(2)
    wanted = {name: change(rng, shape, 3, 0.05) for name, shape in BASE.shapes.items()}
    write_lora_gguf(tmp_path / "adapter.gguf", wanted, BASE)
    read = read_lora_gguf(tmp_path / "adapter.gguf", BASE)
    engine = LlamaEngine(path, LlamaOptions(context=256, threads=1), lambda _fraction: True)
    built = build({"mode": read}, engine.fingerprint() or "", tolerance=0.0)
    engine.install("mode", built.basis, built.modes["mode"])
    tokens = engine.tokenize("The river carries what the mountain gave away.")
    reference = DenseLlama(path).logits(
        tokens, {n: dense(one).astype(np.float32) for n, one in wanted.items()}
    )
    np.testing.assert_allclose(engine.logits(tokens, (("mode", 1.0),)), reference, atol=1e-2)
    engine.close()


def test_rows_of_queries_and_keys_are_in_hugging_faces_order_outside(adapter: Adapter) -> None:
    """Rotary pairs are the halves of a head there, and neighbours in GGUF."""
    layers = BASE.to_layers(adapter)
    ours = adapter["blk.0.attn_q.weight"].left
    theirs = layers["model.layers.0.self_attn.q_proj"].left
    head, half = WIDTH // HEADS, WIDTH // HEADS // 2
    for at in range(HEADS):
        for pair in range(half):
            for side in (0, 1):
                np.testing.assert_array_equal(
                    theirs[at * head + side * half + pair], ours[at * head + 2 * pair + side]
                )
    np.testing.assert_array_equal(
        layers["model.layers.0.self_attn.o_proj"].left, adapter["blk.0.attn_output.weight"].left
    )


def test_other_architectures_keep_their_order(adapter: Adapter) -> None:
    qwen = BaseModel("qwen2", BASE.shapes, HEADS, KV_HEADS)
    layers = qwen.to_layers(adapter)
    np.testing.assert_array_equal(
        layers["model.layers.0.self_attn.q_proj"].left, adapter["blk.0.attn_q.weight"].left
    )


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({"lora_alpha": 4}, 2.0),
        ({"lora_alpha": 4, "use_rslora": True}, 4 / 2**0.5),
        ({"lora_alpha": 4, "alpha_pattern": {"o_proj": 8}}, 4.0),
        ({"lora_alpha": 4, "alpha_pattern": {"layers.7.o_proj": 8}}, 2.0),
    ],
)
def test_the_scale_of_a_peft_adapter_counts(tmp_path: Path, config: dict[str, Any], scale: float) -> None:
    rng = np.random.default_rng(0)
    down, up = rng.standard_normal((2, WIDTH)), rng.standard_normal((WIDTH, 2))
    name = "base_model.model.model.layers.1.self_attn.o_proj"
    tensors = {f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up}
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2, **config}))
    found = read_peft(tmp_path, BASE)
    np.testing.assert_allclose(dense(found["blk.1.attn_output.weight"]), scale * up @ down)


def written(tmp_path: Path, adapter: Adapter, **config: object) -> Path:
    write_peft(tmp_path, adapter, BASE)
    file = tmp_path / "adapter_config.json"
    changed = {**json.loads(file.read_text()), **config}
    file.write_text(json.dumps({key: value for key, value in changed.items() if value is not None}))
    return tmp_path


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"lora_alpha": None}, "lora_alpha is missing"),
        ({"peft_type": "LOHA"}, "only plain LoRA"),
        ({"use_dora": True}, "only plain LoRA"),
    ],
)
def test_a_peft_adapter_that_would_be_misread_is_refused(
    tmp_path: Path, adapter: Adapter, config: dict[str, object], said: str
) -> None:
    with pytest.raises(BadAdapter, match=said):
        read_peft(written(tmp_path, adapter, **config), BASE)


@pytest.mark.parametrize(
    "damage", ["no config", "no tensors", "cut", "not JSON", "half a pair", "not finite", "other name"]
)
def test_damaged_adapters_are_refused_in_words(tmp_path: Path, adapter: Adapter, damage: str) -> None:
    folder = written(tmp_path, adapter)
    file, config = folder / "adapter_model.safetensors", folder / "adapter_config.json"
    tensors = load_file(file)
    first = next(iter(tensors))
    said = {
        "no config": "there is no adapter_config.json",
        "no tensors": "there is no adapter_model.safetensors",
        "half a pair": "has lora_A and no lora_B",
        "not finite": "not finite",
        "other name": "only the projections",
    }.get(damage, "cannot be read")
    if damage == "no config":
        config.unlink()
    elif damage == "no tensors":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:200])
    elif damage == "not JSON":
        config.write_text("{")
    elif damage == "half a pair":
        save_file({k: v for k, v in tensors.items() if k != first.replace("lora_A", "lora_B")}, file)
    elif damage == "not finite":
        save_file({**tensors, first: np.full_like(tensors[first], np.nan)}, file)
    else:
        save_file({k.replace("self_attn.o_proj", "router"): v for k, v in tensors.items()}, file)
    with pytest.raises(BadAdapter, match=said):
        read_peft(folder, BASE)


def test_an_adapter_for_another_model_is_refused_by_module(tmp_path: Path, adapter: Adapter) -> None:
    write_lora_gguf(tmp_path / "adapter.gguf", adapter, BASE)
    other = BaseModel("llama", {**BASE.shapes, "blk.0.ffn_down.weight": (WIDTH, HIDDEN + 1)}, HEADS, KV_HEADS)
    with pytest.raises(BadAdapter, match=r"blk\.0\.ffn_down\.weight: .* 64 × 128, the base has 64 × 129"):
        read_lora_gguf(tmp_path / "adapter.gguf", other)
    fewer = BaseModel("llama", {"blk.0.ffn_down.weight": (WIDTH, HIDDEN)}, HEADS, KV_HEADS)
    with pytest.raises(BadAdapter, match="the base has no such module"):
        read_lora_gguf(tmp_path / "adapter.gguf", fewer)
    with pytest.raises(BadAdapter, match="is for a llama model, the base is qwen2"):
        read_lora_gguf(tmp_path / "adapter.gguf", BaseModel("qwen2", BASE.shapes, HEADS, KV_HEADS))


def test_a_file_that_is_no_adapter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("no model at all")
    with pytest.raises(BadAdapter, match="cannot be read as GGUF"):
        read_lora_gguf(tmp_path / "text.gguf", BASE)
    with pytest.raises(BadAdapter, match="no LoRA adapter"):
        read_lora_gguf(write_tiny_llama(tmp_path / "tiny.gguf"), BASE)


@pytest.mark.parametrize("form", ["peft", "mlx"])
def test_an_adapter_in_bfloat16_is_read_for_what_it_says(tmp_path: Path, adapter: Adapter, form: str) -> None:
    write, read = FORMS[form]
    write(tmp_path, adapter, BASE)
    (file,) = tmp_path.glob("*.safetensors")
    halves = {name: mx.array(one).astype(mx.bfloat16) for name, one in load_file(file).items()}
    mx.save_safetensors(str(file), halves)
    for name, found in read(tmp_path, BASE).items():
        wanted = dense(adapter[name])
        assert 0 < np.linalg.norm(dense(found) - wanted) < 0.02 * np.linalg.norm(wanted)


@pytest.mark.parametrize("form", ["peft", "mlx"])
def test_numbers_that_no_adapter_has_are_named_with_their_file(
    tmp_path: Path, adapter: Adapter, form: str
) -> None:
    write, read = FORMS[form]
    write(tmp_path, adapter, BASE)
    (file,) = tmp_path.glob("*.safetensors")
    tensors = load_file(file)
    first = next(iter(tensors))
    save_file({**tensors, first: tensors[first].astype("i4")}, file)
    with pytest.raises(BadAdapter, match=rf"{file.name}: {re.escape(first)} is I32, which is not read here"):
        read(tmp_path, BASE)


_LAYER = "base_model.model.model.layers.0.self_attn.o_proj"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("base_model.model.lm_head.weight", "a whole weight"),
        ("base_model.model.model.embed_tokens.lora_embedding_A", "a change of embeddings"),
        (f"{_LAYER}.bias", "a bias"),
        (f"{_LAYER}.lora_B.bias", "a bias"),
        (f"{_LAYER}.lora_magnitude_vector", "magnitudes of DoRA"),
        ("base_model.model.model.layers.9.mlp.up_proj.lora_B.weight", "a second factor without its first"),
    ],
)
def test_a_peft_adapter_that_holds_more_than_factors_is_refused_by_what_it_is(
    tmp_path: Path, adapter: Adapter, more: str, said: str
) -> None:
    file = written(tmp_path, adapter) / "adapter_model.safetensors"
    save_file({**load_file(file), more: np.ones((2, 2), "f4")}, file)
    with pytest.raises(BadAdapter, match=rf"{re.escape(more)} is {said}, which no mode can hold"):
        read_peft(tmp_path, BASE)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("model.layers.0.self_attn.o_proj.m", "a whole weight"),
        ("model.layers.1.self_attn.v_proj.lora_b", "a second factor without its first"),
    ],
)
def test_an_mlx_adapter_that_holds_more_than_factors_is_refused_by_what_it_is(
    tmp_path: Path, adapter: Adapter, more: str, said: str
) -> None:
    write_mlx(tmp_path, adapter, BASE)
    file = tmp_path / "adapters.safetensors"
    save_file({**load_file(file), more: np.ones((2, 2), "f4")}, file)
    with pytest.raises(BadAdapter, match=rf"{re.escape(more)} is {said}, which no mode can hold"):
        read_mlx(tmp_path, BASE)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"alora_invocation_tokens": [1, 2]}, "alora_invocation_tokens"),
        ({"layer_replication": [[0, 4], [2, 5]]}, "layer_replication"),
        ({"use_qalora": True}, "use_qalora"),
        ({"init_lora_weights": "pissa_niter_16"}, "pissa_niter_16"),
        ({"init_lora_weights": "olora"}, "olora"),
        ({"init_lora_weights": "corda"}, "corda"),
        ({"init_lora_weights": "loftq"}, "loftq"),
    ],
)
def test_a_peft_adapter_whose_factors_are_not_its_whole_change_is_refused(
    tmp_path: Path, adapter: Adapter, config: dict[str, object], said: str
) -> None:
    with pytest.raises(BadAdapter, match=rf"only plain LoRA adapters can be read, .*{said}"):
        read_peft(written(tmp_path, adapter, **config), BASE)


def test_what_peft_says_of_a_plain_lora_does_not_hinder_it(tmp_path: Path, adapter: Adapter) -> None:
    usual = {
        "alora_invocation_tokens": [],
        "bias": "none",
        "init_lora_weights": "gaussian",
        "layers_to_transform": [0, 1],
        "lora_bias": False,
        "rank_pattern": {},
        "use_dora": False,
        "use_qalora": False,
        "use_rslora": False,
    }
    assert set(read_peft(written(tmp_path, adapter, **usual), BASE)) == set(adapter)


def of(architecture: str, heads: int = HEADS, kv_heads: int = KV_HEADS) -> BaseModel:
    return BaseModel(architecture, BASE.shapes, heads, kv_heads)


@pytest.mark.parametrize("architecture", ["granite", "arcee", "mistral3", "minicpm", "olmo", "smollm3"])
def test_all_that_llama_cpp_turns_is_turned(adapter: Adapter, architecture: str) -> None:
    wanted, found = BASE.to_layers(adapter), of(architecture).to_layers(adapter)
    for name, one in wanted.items():
        np.testing.assert_array_equal(found[name].left, one.left)


@pytest.mark.parametrize("form", ["peft", "mlx"])
def test_rows_whose_order_is_not_known_are_not_guessed(tmp_path: Path, adapter: Adapter, form: str) -> None:
    write, read = FORMS[form]
    strange = of("unheard-of")
    with pytest.raises(BadAdapter, match=r"attn_[qk]\.weight: .*unheard-of.* is not known here"):
        write(tmp_path / "out", adapter, strange)
    write(tmp_path / "in", adapter, of("qwen2"))
    with pytest.raises(BadAdapter, match=r"attn_[qk]\.weight: .*unheard-of.* is not known here"):
        read(tmp_path / "in", strange)
    others = {name: one for name, one in adapter.items() if "attn_output" in name or "ffn" in name}
    write(tmp_path / "others", others, strange)
    assert set(read(tmp_path / "others", strange)) == set(others)
    write_lora_gguf(tmp_path / "adapter.gguf", adapter, strange)
    assert set(read_lora_gguf(tmp_path / "adapter.gguf", strange)) == set(adapter)


def test_rows_of_heads_that_nobody_has_counted_are_refused(tmp_path: Path, adapter: Adapter) -> None:
    """A GGUF may have another number of heads in every layer."""
    with pytest.raises(BadAdapter, match=r"blk\.0\.attn_k\.weight: .* how many heads"):
        write_peft(tmp_path, adapter, of("llama", kv_heads=0))
    with pytest.raises(BadAdapter, match=r"blk\.0\.attn_q\.weight: 64 rows cannot be divided among 3 heads"):
        write_peft(tmp_path, adapter, of("llama", heads=3))


def write_header(path: Path, heads: int | list[int], kv_heads: int | list[int] | None, keys: int) -> Path:
    writer = GGUFWriter(path, "llama")
    writer.add_head_count(heads)
    if kv_heads is not None:
        writer.add_head_count_kv(kv_heads)
    writer.add_tensor("blk.0.attn_q.weight", np.zeros((8, 8), "f4"))
    writer.add_tensor("blk.0.attn_k.weight", np.zeros((keys, 8), "f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize(
    ("heads", "kv_heads", "keys", "found"),
    [(4, 2, 4, (4, 2)), (4, None, 8, (4, 4)), (4, [2], 4, (4, 0)), ([4], [2], 4, (0, 0))],
)
def test_heads_are_what_the_gguf_says_or_not_known(
    tmp_path: Path,
    heads: int | list[int],
    kv_heads: int | list[int] | None,
    keys: int,
    found: tuple[int, int],
) -> None:
    base = BaseModel.of(write_header(tmp_path / "m.gguf", heads, kv_heads, keys))
    assert (base.heads, base.kv_heads) == found


def test_the_last_layers_that_mlx_lm_adapts_are_all_that_change(tmp_path: Path, adapter: Adapter) -> None:
    """It takes as many layers from the end as ``num_layers`` says, so a change of the first needs all."""
    first = {name: one for name, one in adapter.items() if name.startswith("blk.0.")}
    write_mlx(tmp_path, first, BASE)
    assert json.loads((tmp_path / "adapter_config.json").read_text())["num_layers"] == LAYERS


@pytest.mark.parametrize("form", ["peft", "mlx"])
def test_a_config_that_is_no_object_is_refused_in_words(tmp_path: Path, adapter: Adapter, form: str) -> None:
    write, read = FORMS[form]
    write(tmp_path, adapter, BASE)
    (tmp_path / "adapter_config.json").write_text("[1, 2]")
    with pytest.raises(BadAdapter, match=r"adapter_config\.json holds no object"):
        read(tmp_path, BASE)


def test_a_scale_that_mlx_lm_has_elsewhere_is_missed(tmp_path: Path, adapter: Adapter) -> None:
    write_mlx(tmp_path, adapter, BASE)
    (tmp_path / "adapter_config.json").write_text('{"lora_parameters": [20.0]}')
    with pytest.raises(BadAdapter, match=r"lora_parameters\.scale is missing"):
        read_mlx(tmp_path, BASE)


@pytest.mark.parametrize(
    ("pattern", "said"), [({"(": 8}, r"alpha_pattern '\('"), ([1], "alpha_pattern is no object")]
)
def test_a_pattern_that_is_none_is_named(
    tmp_path: Path, adapter: Adapter, pattern: object, said: str
) -> None:
    with pytest.raises(BadAdapter, match=said):
        read_peft(written(tmp_path, adapter, alpha_pattern=pattern), BASE)


@pytest.mark.parametrize(
    ("part", "bad", "said"),
    [
        ("lora_A", np.zeros((0, WIDTH)), "no rank in common"),
        ("lora_A", np.zeros((3, WIDTH)), "no rank in common"),
        ("lora_A", np.zeros(WIDTH), "no rank in common"),
        ("lora_B", np.full((WIDTH, 2), np.inf), "not finite"),
    ],
)
def test_factors_that_make_no_change_are_named_with_their_file(
    tmp_path: Path, adapter: Adapter, part: str, bad: np.ndarray, said: str
) -> None:
    one = {"blk.0.attn_output.weight": adapter["blk.0.attn_output.weight"].truncated(2)}
    file = written(tmp_path, one) / "adapter_model.safetensors"
    save_file({**load_file(file), f"{_LAYER}.{part}.weight": bad.astype("f4")}, file)
    where = r"adapter_model\.safetensors: model\.layers\.0\.self_attn\.o_proj"
    with pytest.raises(BadAdapter, match=f"{where}: .*{said}"):
        read_peft(tmp_path, BASE)


def test_factors_of_rank_0_are_refused(tmp_path: Path, adapter: Adapter) -> None:
    file = written(tmp_path, adapter) / "adapter_model.safetensors"
    empty = {
        f"{_LAYER}.lora_A.weight": np.zeros((0, WIDTH), "f4"),
        f"{_LAYER}.lora_B.weight": np.zeros((WIDTH, 0)),
    }
    save_file({**load_file(file), **empty}, file)
    with pytest.raises(BadAdapter, match=r"o_proj: .*no rank"):
        read_peft(tmp_path, BASE)


def test_a_gguf_with_numbers_that_are_not_finite_is_named_with_the_module(
    tmp_path: Path, adapter: Adapter
) -> None:
    name = "blk.0.ffn_down.weight"
    rows, columns = BASE.shapes[name]
    factors = {name: (np.full((rows, 1), np.nan, "f4"), np.ones((1, columns), "f4"))}
    write_adapter_file(tmp_path / "adapter.gguf", "llama", factors)
    with pytest.raises(BadAdapter, match=r"adapter\.gguf: blk\.0\.ffn_down\.weight: .*not finite"):
        read_lora_gguf(tmp_path / "adapter.gguf", BASE)


@pytest.mark.parametrize("form", FORMS)
def test_an_adapter_that_changes_nothing_is_said_to(tmp_path: Path, form: str) -> None:
    nothing = {name: Change(np.zeros((n, 1)), np.ones((d, 1))) for name, (n, d) in BASE.shapes.items()}
    FORMS[form][0](tmp_path / "adapter", nothing, BASE)
    with pytest.raises(BadAdapter, match="adapter changes nothing: all its factors multiply to zero"):
        read_adapter(tmp_path / "adapter", BASE)


def test_layers_that_see_are_not_taken_for_those_that_speak(tmp_path: Path, adapter: Adapter) -> None:
    file = written(tmp_path, adapter) / "adapter_model.safetensors"
    seeing = {key.replace("model.layers", "vision_tower.layers"): one for key, one in load_file(file).items()}
    save_file({**load_file(file), **seeing}, file)
    with pytest.raises(BadAdapter, match=r"vision_tower\.layers\.\d.*: only the projections"):
        read_peft(tmp_path, BASE)


def test_two_changes_of_one_module_are_refused(tmp_path: Path, adapter: Adapter) -> None:
    file = written(tmp_path, adapter) / "adapter_model.safetensors"
    twice = {key.replace("model.layers", "layers"): one for key, one in load_file(file).items()}
    save_file({**load_file(file), **twice}, file)
    with pytest.raises(BadAdapter, match=r"blk\.\d\.\w+\.weight is changed twice, once as .*layers"):
        read_peft(tmp_path, BASE)
