"""A mode may be trained in other modules than those that are shared already."""

from __future__ import annotations

from pathlib import Path

import pytest

from modes.share.exchange.base import BaseModel
from modes.share.subspace import seeded
from modes.training import learn as module
from modes.training.endings import CannotTrain
from modes.training.keeping import Place
from modes.training.learn import _turned, learn
from modes.training.plan import Plan
from tests.engine.tiny import write_tiny_llama
from tests.modes.training.test_data import asked


def test_a_subspace_that_has_none_of_the_modules_is_no_subspace_for_them() -> None:
    shapes = {"blk.0.attn_q.weight": (8, 8), "blk.0.ffn_down.weight": (8, 8)}
    about, basis = BaseModel("llama", shapes, 2, 2), seeded({"blk.0.ffn_down.weight": (8, 8)}, 2, "base", 0)
    assert _turned(about, basis, {"blk.0.attn_q.weight": "model.layers.0.self_attn.q_proj"}) == {}
    names = {"blk.0.ffn_down.weight": "model.layers.0.mlp.down_proj"}
    assert _turned(about, basis, names).keys() == names.keys()


@pytest.mark.parametrize("failing", ["load_base", "_trainer"])
def test_memory_that_runs_out_before_the_first_step_is_told_in_words(
    tmp_path: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = write_tiny_llama(tmp_path / "tiny.gguf")

    def full(*_: object) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(module, "load_base", lambda *_: None)
    monkeypatch.setattr(module, failing, full)
    with pytest.raises(CannotTrain, match=r"out of memory while tiny.gguf is read: train in bf16 "):
        learn(base, "x", [asked("a"), asked("b")], Plan(precision="f32"), Place(tmp_path), lambda _one: True)
