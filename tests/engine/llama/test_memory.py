"""Which context fits: the estimate against llama.cpp's own figures, and what is chosen or refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.contract import ModelUnusable
from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.llama.library import llama
from engine.llama.memory import (
    BLOCK,
    DEFAULT_LIMIT,
    ContextCost,
    choose_context,
    context_cost,
    free_memory,
)
from engine.llama.model import LlamaModel

GIB = 1 << 30

costs = st.builds(ContextCost, per_token=st.integers(1, 1 << 20), fixed=st.integers(0, GIB))
memories = st.integers(0, 1 << 36)


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
    assert context_cost(model).per_token == pytest.approx(kept, rel=0.01)


def test_more_tokens_cost_more_and_the_largest_that_fits_fits() -> None:
    cost = ContextCost(per_token=1000, fixed=5000)
    assert [cost.total(0), cost.total(256)] == [5000, 261_000]
    assert [cost.largest(261_000), cost.largest(260_999), cost.largest(0)] == [256, 0, 0]


@given(costs, memories)
def test_the_largest_fits_and_one_block_more_does_not(cost: ContextCost, memory: int) -> None:
    largest = cost.largest(memory)
    assert largest % BLOCK == 0
    assert largest == 0 or cost.total(largest) <= memory
    assert cost.total(largest + BLOCK) > memory


@given(costs, memories, st.integers(BLOCK, 1 << 20))
def test_the_default_is_no_longer_than_was_trained_and_takes_half_the_memory_at_most(
    cost: ContextCost, free: int, trained: int
) -> None:
    chosen = choose_context(None, trained, cost, free)
    assert BLOCK <= chosen <= min(trained, DEFAULT_LIMIT)
    assert chosen == BLOCK or cost.total(chosen) <= free / 2


@given(costs, memories, st.integers(1, 1 << 24))
def test_what_is_asked_for_is_given_or_refused_with_what_would_fit(
    cost: ContextCost, free: int, asked: int
) -> None:
    try:
        assert choose_context(asked, 1 << 30, cost, free) == asked
        assert cost.total(asked) <= free
    except ModelUnusable as refused:
        assert cost.total(asked) > free
        offered = re.search(r"\(--context ([\d,]+)\)", str(refused))
        if offered is None:
            assert cost.largest(free) == 0
            return
        largest = int(offered[1].replace(",", ""))
        assert choose_context(largest, 1 << 30, cost, free) == largest < asked


def test_a_refusal_says_what_is_needed_and_what_is_free() -> None:
    cost = ContextCost(per_token=1 << 20, fixed=0)
    with pytest.raises(ModelUnusable) as refused:
        choose_context(4096, 8192, cost, 2 * GIB)
    assert str(refused.value) == (
        "a context of 4,096 tokens needs 4.0 GiB and 2.0 GiB are free: "
        "the largest that fits is 2,048 (--context 2048)"
    )


def test_where_no_context_fits_none_is_offered() -> None:
    with pytest.raises(ModelUnusable, match="not even the smallest") as refused:
        choose_context(4096, 8192, ContextCost(per_token=1 << 20), 1 << 20)
    assert "--context 0" not in str(refused.value)


@given(st.integers(BLOCK, 1 << 20))
def test_a_model_that_keeps_nothing_per_token_is_bounded_by_what_it_was_trained_on(trained: int) -> None:
    assume(trained >= BLOCK)
    assert choose_context(None, trained, ContextCost(0), GIB) == min(trained, DEFAULT_LIMIT)


def test_free_memory_is_that_of_this_machine() -> None:
    assert 64 << 20 < free_memory() < 1 << 50


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
