"""The arithmetic, against figures worked out by hand, and what must hold for any shape."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.plan.need import (
    BLOCK,
    Need,
    Settings,
    context_bytes,
    kv_bytes,
    kv_bytes_per_token,
    modes_bytes,
    need,
    subspace_bytes,
)
from engine.plan.shape import Shape

#: Llama 3.3 70B.
LARGE = Shape("llama", 80, 8192, 28_672, 64, 8, 128, 128, 128_256, 131_072)
WINDOWED = Shape("gemma3", 18, 640, 2048, 4, 1, 256, 256, 262_144, 32_768, 15, 512)
GIB = 1 << 30

settings = st.builds(
    Settings,
    context=st.integers(1, 1 << 18),
    slots=st.integers(1, 32),
    batch=st.integers(1, 1024),
    flash=st.booleans(),
    window_only=st.booleans(),
)


def test_grouped_heads_keep_k_and_v_of_few() -> None:
    assert kv_bytes_per_token(LARGE) == 80 * 8 * (128 + 128) * 2 == 320 << 10
    assert kv_bytes(LARGE, Settings(131_072)) == 40 * GIB


def test_in_q8_0_32_numbers_take_34_bytes() -> None:
    assert kv_bytes_per_token(LARGE, "q8_0") * 64 == kv_bytes_per_token(LARGE) * 34


def test_a_window_keeps_itself_and_one_batch_in_whole_blocks() -> None:
    kept = Settings(8192, batch=256, window_only=True)
    assert kv_bytes(WINDOWED, kept) == (3 * 8192 + 15 * 768) * 1024
    assert kv_bytes(WINDOWED, kept.but(window_only=False)) == 18 * 8192 * 1024


def test_contexts_are_whole_blocks_of_which_every_slot_has_its_own() -> None:
    assert [Settings(tokens).cells for tokens in (1, 256, 257)] == [256, 256, 512]
    assert Settings(1000, slots=3).cells == 1024


def test_modes_are_two_factors_each_for_the_engine_and_a_core_each_on_disk() -> None:
    widths = 80 * ((8192 + 8192) + (8192 + 28_672))
    assert modes_bytes(LARGE, 28, 4) == 4 * 28 * widths * 4
    assert subspace_bytes(LARGE, 28, 4) == 28 * widths * 2 + 4 * 160 * 28 * 28 * 2
    assert modes_bytes(LARGE, 28, 0) == 0


def test_without_flash_attention_the_scores_of_all_heads_stand_in_the_buffer() -> None:
    long = Settings(32_768, batch=512)
    scores = 32_768 * 512 * 64 * 4
    assert need(LARGE, long.but(flash=False), 0).compute > scores
    assert need(LARGE, long, 0).compute < scores / 10


def test_the_parts_make_the_whole() -> None:
    assert Need(weights=1, kv=2, compute=4, logits=8, copies=16, modes=32).total == 63


@given(settings, st.integers(1, 4))
def test_more_context_never_takes_less_nor_more_slots_less_k_and_v(one: Settings, more: int) -> None:
    longer, wider = one.but(context=one.context + more * BLOCK), one.but(slots=one.slots + more)
    assert context_bytes(WINDOWED, longer) >= context_bytes(WINDOWED, one)
    assert kv_bytes(WINDOWED, wider) >= kv_bytes(WINDOWED, one)
