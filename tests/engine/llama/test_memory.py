"""Which context fits: the estimate against llama.cpp's own figures, and what is chosen or refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import ModelUnusable
from engine.llama import memory
from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.llama.library import Device, llama
from engine.llama.memory import DEFAULT_LIMIT, choose, free_memory, shape_of_model
from engine.llama.model import LlamaModel
from engine.plan.need import BLOCK, Settings, context_bytes, kv_bytes_per_token
from engine.plan.shape import Shape

GIB = 1 << 30
RUN = Settings(0, batch=256, flash=False)

shapes = st.builds(
    Shape,
    architecture=st.just("llama"),
    layers=st.integers(0, 96),
    embedding=st.integers(64, 8192),
    feed_forward=st.integers(64, 32_768),
    heads=st.integers(1, 64),
    kv_heads=st.integers(1, 16),
    key=st.sampled_from([64, 96, 128, 256]),
    value=st.sampled_from([64, 128]),
    vocabulary=st.integers(256, 262_144),
    trained=st.integers(BLOCK, 1 << 20),
)
memories = st.integers(0, 1 << 38)

#: A token takes 2 KiB of K and V.
SMALL = Shape("llama", 4, 64, 128, 4, 2, 64, 64, 256, 8192)


@pytest.fixture(
    params=["starter", pytest.param("gemma", marks=pytest.mark.xdist_group("gemma"))],
)
def model(request: pytest.FixtureRequest) -> Iterator[LlamaModel]:
    path: Path = request.getfixturevalue(request.param)
    loaded = LlamaModel(path, 0, lambda _fraction: True)
    yield loaded
    loaded.free()


def state_sizes(model: LlamaModel, counts: tuple[int, int]) -> list[int]:
    """Bytes that llama.cpp writes for a sequence of so many tokens."""
    params = llama.llama_context_default_params()
    params.n_ctx = params.n_batch = 256
    params.n_threads = params.n_threads_batch = 1
    context = llama.llama_init_from_model(model.handle, params)
    sizes = []
    for count in counts:
        llama.llama_memory_clear(llama.llama_get_memory(context), True)
        tokens = (llama.llama_token * count)(*range(5, 5 + count))
        assert llama.llama_decode(context, llama.llama_batch_get_one(tokens, count)) == 0
        sizes.append(llama.llama_state_seq_get_size(context, 0))
    llama.llama_free(context)
    return sizes


def test_a_token_costs_what_llama_cpp_keeps_of_it(model: LlamaModel) -> None:
    one, other = state_sizes(model, (8, 40))
    kept = (other - one) / 32
    # Beside K and V the state names the position and the sequences of every cell.
    assert kv_bytes_per_token(shape_of_model(model)) == pytest.approx(kept, rel=0.01)


@given(shapes, memories)
def test_the_default_is_no_longer_than_was_trained_and_takes_half_the_memory_at_most(
    shape: Shape, free: int
) -> None:
    chosen = choose(shape, RUN, None, None, free)
    one = chosen.but(slots=1)
    assert BLOCK <= chosen.context <= max(BLOCK, min(shape.trained, DEFAULT_LIMIT))
    assert chosen.context == BLOCK or context_bytes(shape, one) <= free / 2


@given(shapes, memories, st.integers(BLOCK, 1 << 20), st.integers(1, 32))
def test_what_is_asked_for_is_given_or_refused_with_what_would_fit(
    shape: Shape, free: int, context: int, slots: int
) -> None:
    asked = RUN.but(context=context, slots=slots)
    try:
        assert choose(shape, RUN, context, slots, free) == asked
        assert context_bytes(shape, asked) <= free
    except ModelUnusable as refused:
        assert context_bytes(shape, asked) > free
        remedy = str(refused).partition("what fits is ")[2]
        for offer in filter(None, remedy.split(" or ")):
            assert context_bytes(shape, as_offered(asked, offer)) <= free
        assert remedy or "not even the smallest" in str(refused)


def as_offered(asked: Settings, offer: str) -> Settings:
    """The settings under the flags that a refusal offers."""
    numbers = {name: int(value) for name, value in re.findall(r"--(context|slots) (\d+)", offer)}
    if not numbers:
        return asked.but(flash=True, kv="q8_0" if offer == "--kv q8_0" else asked.kv)
    return asked.but(**numbers)


def test_a_refusal_says_what_is_needed_and_what_is_free() -> None:
    with pytest.raises(ModelUnusable) as refused:
        choose(SMALL, RUN.but(flash=True), 262_144, 4, 2 * GIB)
    assert str(refused.value) == (
        "4 answers at once with a context of 262,144 tokens each need 2.1 GiB beside the model "
        "and 2.0 GiB are free: what fits is --kv q8_0 or --slots 3 or --context 246528"
    )


def test_where_no_context_fits_none_is_offered() -> None:
    with pytest.raises(ModelUnusable, match="not even the smallest") as refused:
        choose(SMALL, RUN, 4096, None, 1 << 10)
    assert "--context 0" not in str(refused.value)


def test_where_flash_attention_is_what_is_missing_it_is_offered_first() -> None:
    asked = RUN.but(context=131_072)
    free = context_bytes(SMALL, asked.but(flash=True))
    with pytest.raises(ModelUnusable, match="what fits is --flash-attention or --context"):
        choose(SMALL, RUN, 131_072, None, free)


@given(shapes)
def test_a_model_that_keeps_nothing_per_token_is_bounded_by_what_it_was_trained_on(shape: Shape) -> None:
    chosen = choose(replace(shape, layers=0), RUN.but(flash=True), None, None, 1 << 50)
    assert chosen.context == min(shape.trained, DEFAULT_LIMIT) // BLOCK * BLOCK


def test_free_memory_is_that_of_this_machine() -> None:
    assert 64 << 20 < free_memory() < 1 << 50


def test_without_a_layer_on_the_gpu_its_memory_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = Device("CUDA0", "a small one", free=5, total=9, is_gpu=True)
    monkeypatch.setattr(memory, "supports_gpu", lambda: True)
    monkeypatch.setattr(memory, "devices", lambda: [gpu])
    assert free_memory() == free_memory(20) == 5
    assert free_memory(0) > 64 << 20


def test_a_model_that_is_kept_off_a_gpu_that_is_full_is_opened(
    starter: Path, fingerprints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Device("CUDA0", "full", free=0, total=9, is_gpu=True)
    monkeypatch.setattr(memory, "supports_gpu", lambda: True)
    monkeypatch.setattr(memory, "devices", lambda: [full])
    options = LlamaOptions(context=512, threads=1, gpu_layers=0, memo=fingerprints)
    engine = LlamaEngine(starter, options, lambda _fraction: True)
    assert engine.info.context == 512
    engine.close()


def test_the_starters_default_context_is_all_it_was_trained_on(
    starter: Path, starter_engine: LlamaEngine, fingerprints: Path
) -> None:
    engine = LlamaEngine(starter, LlamaOptions(threads=1, memo=fingerprints), lambda _fraction: True)
    assert engine.info.context == engine.info.trained_context == 8192
    engine.close()


def test_a_context_longer_than_was_trained_is_opened_and_noted(
    starter: Path, starter_engine: LlamaEngine, fingerprints: Path
) -> None:
    options = LlamaOptions(context=8448, threads=1, memo=fingerprints)
    engine = LlamaEngine(starter, options, lambda _fraction: True)
    assert engine.info.context == 8448
    assert "longer than the 8,192 the model was trained on" in engine.info.notes[0]
    engine.close()
