"""The plan against what llama.cpp allocates for the same model in the same settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.llama.context import ContextOptions, LlamaContext
from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.llama.library import amx_build, system_info
from engine.llama.model import LlamaModel
from engine.llama.repacking import rearranged_bytes
from engine.lowrank import Basis, Coefficients, Core
from engine.memo import remember
from engine.plan.model import Planned, read
from engine.plan.need import Settings, compute_bytes, kv_bytes, modes_bytes, need
from engine.plan.shape import Shape
from modes.share.subspace import seeded
from tests.engine.plan.allocated import allocations
from tests.engine.plan.shapes import write_hollow

MIB = 1 << 20
SETTINGS = [
    Settings(512, 1, 64, flash=False),
    Settings(1000, 3, 128, flash=False),
    Settings(2048, 1, 512, flash=True),
    Settings(2048, 4, 256, flash=True),
    Settings(2048, 8, 256, flash=True, kv="q8_0"),
    Settings(1024, 1, 512, flash=True, kv="q8_0"),
    Settings(8192, 1, 256, flash=False),
    Settings(8192, 2, 512, flash=True),
]

#: Small vocabularies, so that attention and the feed-forward part show in the compute buffer.
LLAMA = Shape("llama", 2, 2048, 6144, 16, 4, 128, 128, 1024, 32_768)
SHAPES = [
    LLAMA,
    replace(LLAMA, feed_forward=10_240),
    replace(LLAMA, vocabulary=65_536),
    replace(LLAMA, architecture="qwen3", embedding=1024),
    replace(LLAMA, architecture="gemma3", layers=6, windowed=5, window=1024, vocabulary=262_144),
]


def copies(planned: Planned) -> int:
    assert planned.header is not None
    return 0 if amx_build() else rearranged_bytes(planned.header, system_info())


@pytest.fixture(params=["starter", pytest.param("gemma", marks=pytest.mark.xdist_group("gemma"))])
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_plan_is_within_two_per_cent_of_what_the_engine_has_allocated(
    path: Path, settings: Settings, tmp_path: Path
) -> None:
    planned = read(path)
    wanted = need(planned.shape, settings, planned.weights, copies(planned))
    known = tmp_path / "models.json"
    remember(path, "not read", known)
    options = LlamaOptions(
        context=settings.context,
        slots=settings.slots,
        batch=settings.batch,
        flash=settings.flash,
        kv=settings.kv,
        threads=1,
        memo=known,
    )
    with allocations() as real:
        LlamaEngine(path, options, lambda _fraction: True).close()
    assert wanted.kv / MIB == pytest.approx(real["KV"], abs=0.02)
    assert wanted.logits / MIB == pytest.approx(real["output"], abs=0.02)
    assert wanted.copies / MIB == pytest.approx(real.get("copies", 0.0), abs=0.02)
    assert wanted.total / MIB == pytest.approx(sum(real.values()), rel=0.02)


@pytest.mark.xdist_group("gemma")
@pytest.mark.parametrize("slots", [1, 3])
def test_layers_with_a_window_take_less_where_no_more_than_it_is_kept(gemma: Path, slots: int) -> None:
    settings = Settings(4096, slots, 256, flash=False, window_only=True)
    shape = read(gemma).shape
    model = LlamaModel(gemma, 0, lambda _fraction: True)
    with allocations() as real:
        options = ContextOptions(4096, 1, slots, 256, flash=False, window_only=True)
        LlamaContext(model, options).free()
    model.free()
    assert kv_bytes(shape, settings) / MIB == pytest.approx(real["KV"], abs=0.02)
    assert kv_bytes(shape, settings) < kv_bytes(shape, replace(settings, window_only=False)) / 2


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.architecture}-{shape.feed_forward}")
def test_other_shapes_allocate_the_planned_kv_and_about_the_planned_buffer(
    shape: Shape, tmp_path: Path
) -> None:
    path = write_hollow(tmp_path / "hollow.gguf", shape)
    assert read(path).shape == shape
    model = LlamaModel(path, 0, lambda _fraction: True)
    for settings in SETTINGS:
        with allocations() as real:
            options = ContextOptions(
                settings.context, 1, settings.slots, settings.batch, settings.flash, kv=settings.kv
            )
            LlamaContext(model, options).free()
        assert kv_bytes(shape, settings) / MIB == pytest.approx(real["KV"], abs=0.02)
        assert compute_bytes(shape, settings) / MIB == pytest.approx(real["compute"], rel=0.1), settings
    model.free()


@pytest.mark.parametrize("directions", [6, 16, 17, 28])
def test_modes_take_no_more_than_the_planned_bytes_of_an_engine(
    starter_engine: LlamaEngine, starter: Path, directions: int
) -> None:
    shape = read(starter).shape
    modules = {
        name: sizes
        for layer in range(shape.layers)
        for name, sizes in (
            (f"blk.{layer}.attn_output.weight", (shape.embedding, shape.heads * shape.value)),
            (f"blk.{layer}.ffn_down.weight", (shape.embedding, shape.feed_forward)),
        )
    }
    basis: Basis = seeded(modules, directions, starter_engine.fingerprint() or "", 0)
    core = Core(np.eye(directions, dtype=np.float32))
    starter_engine.install("planned", basis, Coefficients(dict.fromkeys(modules, core)))
    try:
        found = starter_engine.adapter_sizes()["planned"]
        assert modes_bytes(shape, directions, 1) / 2 < found <= modes_bytes(shape, directions, 1)
    finally:
        starter_engine.remove("planned")
