"""How a base is read: in what precision, how many samples as one sequence, and what it takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch
from gguf import GGUFWriter
from transformers import AutoTokenizer, Gemma3ForCausalLM, Gemma3TextConfig

from modes.training import base as module
from modes.training.attention import use_rows
from modes.training.base import fitted, load_base
from modes.training.encoding import Encoded, batched
from modes.training.endings import CannotTrain
from modes.training.packing import packed
from modes.training.plan import Plan
from tests.modes.training.small import SIZES, small_base


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("longest", [8, 10])
def test_layers_with_a_window_are_packed_while_no_sample_is_longer(implementation: str, longest: int) -> None:
    config = Gemma3TextConfig(
        **SIZES | {"attn_implementation": implementation},
        head_dim=8,
        sliding_window=8,
        layer_types=["sliding_attention", "full_attention"],
    )
    torch.manual_seed(1)
    base = replace(small_base(), model=Gemma3ForCausalLM(config))
    use_rows(base.model)
    asked = [Encoded((3, *range(20 + row, 18 + row + longest), 1), 4) for row in range(3)]
    assert base.packs(longest) == (longest == 8)
    assert packed(asked).sparse
    with torch.no_grad():
        found, wanted = (
            float(base.losses(one)[0]) for one in (packed(asked), batched(asked, 0, share=False))
        )
    assert (found == pytest.approx(wanted, rel=1e-5)) == (longest == 8)


def test_what_is_told_no_positions_or_sees_otherwise_than_it_is_shown_is_not_packed() -> None:
    base = small_base()
    assert base.packs(10_000)
    for change in ({"rope_parameters": None}, {"alibi": True}, {"layer_types": ["full_attention", "conv"]}):
        odd = small_base()
        vars(odd.model.config).update(change)
        assert not odd.packs(10), change


@pytest.fixture
def experts(tmp_path: Path) -> Path:
    """A GGUF of 20,640 numbers, of which 640 are projections; the rest are embeddings and experts."""
    writer = GGUFWriter(tmp_path / "experts.gguf", "llama")
    shapes = {
        "token_embd.weight": (250, 16),
        "blk.0.attn_output.weight": (40, 16),
        "blk.0.ffn_down_exps.weight": (10, 40, 40),
    }
    for name, shape in shapes.items():
        writer.add_tensor(name, np.zeros(shape, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "experts.gguf"


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=size))


@pytest.mark.parametrize(("precision", "needed"), [("f32", 206_400), ("bf16", 103_200)])
def test_memory_is_counted_for_embeddings_and_experts_too(
    experts: Path, precision: str, needed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, needed - 1)
    with pytest.raises(CannotTrain, match=rf"experts.gguf takes about .* GB to train in {precision}, and "):
        load_base(experts, ("attn_output",), precision)
    free(monkeypatch, needed)
    with pytest.raises(CannotTrain, match="cannot be read for training"):
        load_base(experts, ("attn_output",), precision)


def test_experts_are_no_target_and_a_wrong_name_is_told_before_anything_is_read(
    experts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", None)
    with pytest.raises(CannotTrain, match=r"no module called ffn_down_exps: name .*, of attn_output$"):
        load_base(experts, ("attn_output", "ffn_down_exps"), "f32")


@pytest.mark.parametrize(
    ("able", "wanted"),
    [
        ({"avx512_bf16": True}, "bf16"),
        ({"amx_bf16": True}, "bf16"),
        ({"avx512_bf16": False, "avx512_f": True}, "f32"),
        ({}, "f32"),
    ],
)
def test_weights_are_taken_in_what_the_processor_multiplies_itself(
    able: dict[str, bool], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert fitted(Plan()).precision == wanted
    assert fitted(Plan(precision="f32")).precision == "f32"
    assert fitted(Plan(precision="bf16")).precision == "bf16"


@pytest.mark.parametrize(("native", "wanted"), [(True, "bf16"), (False, "f32")])
def test_and_in_what_the_gpu_does(native: bool, wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)
    assert fitted(Plan()).precision == wanted


def test_what_is_free_on_a_gpu_is_asked_too(experts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device: (99_071, 10**9))
    module._check_device(experts, torch.device("cpu"), "f32")
    with pytest.raises(CannotTrain, match="are free on the GPU: train in bf16"):
        module._check_device(experts, torch.device("cuda"), "f32")
    module._check_device(experts, torch.device("cuda"), "bf16")
