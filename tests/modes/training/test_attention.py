"""Attention by samples is attention with a mask, without what the mask hides."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from modes.training.attention import NAME, Rows, attend
from modes.training.encoding import Encoded
from modes.training.packing import Packed, packed
from tests.modes.training.small import small_base

SIZE = 8


def rows(sequence: Packed) -> Rows:
    return Rows(sequence.common, torch.from_numpy(sequence.own), torch.from_numpy(sequence.back))


def projected(sequence: Packed, heads: int, kept: int) -> tuple[Tensor, Tensor, Tensor]:
    """Random queries, keys and values, with gradients."""
    torch.manual_seed(len(sequence.tokens))
    drawn = (torch.randn(1, count, len(sequence.tokens), SIZE) for count in (heads, kept, kept))
    query, key, value = (one.requires_grad_() for one in drawn)
    return query, key, value


def mask(sequence: Packed) -> Tensor:
    seen = torch.from_numpy(sequence.visible)
    return torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)[None, None]


def gradients(found: Tensor, inputs: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, ...]:
    wanted = torch.randn(found.shape, generator=torch.Generator().manual_seed(0))
    return torch.autograd.grad(found, inputs, wanted)


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from([0, 8, 15]),
    st.lists(st.integers(2, 9), min_size=1, max_size=6),
    st.sampled_from([(1, 1), (4, 4), (6, 2), (4, 1)]),
    st.sampled_from([None, 0.3]),
)
def test_what_comes_out_and_its_gradients_are_those_with_the_mask(
    common: int, lengths: list[int], heads: tuple[int, int], scaling: float | None
) -> None:
    start = tuple(range(100, 100 + common))
    samples = [
        Encoded((*start, *range(10 * at, 10 * at + length)), common + 1) for at, length in enumerate(lengths)
    ]
    sequence = packed(samples)
    assert sequence.common == common
    inputs = projected(sequence, *heads)
    module: Any = SimpleNamespace(num_key_value_groups=heads[0] // heads[1])
    masked, _ = sdpa_attention_forward(module, *inputs, mask(sequence), scaling=scaling)
    found, _ = attend(module, *inputs, None, scaling=scaling, rows=rows(sequence))
    assert found.shape == masked.shape
    assert torch.allclose(found, masked, atol=1e-5)
    for one, other in zip(gradients(found, inputs), gradients(masked, inputs), strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_what_only_transformers_can_do_is_left_to_it() -> None:
    sequence = packed([Encoded(tuple(range(10 * at, 10 * at + 8)), 2) for at in range(4)])
    inputs = projected(sequence, 2, 2)
    module: Any = SimpleNamespace(num_key_value_groups=1)
    length = len(sequence.tokens)
    bias = torch.randn(1, 2, length, length, generator=torch.Generator().manual_seed(0))
    wanted, _ = sdpa_attention_forward(module, *inputs, mask(sequence), position_bias=bias)
    found, _ = attend(module, *inputs, mask(sequence), rows=rows(sequence), position_bias=bias)
    assert torch.equal(found, wanted)
    with pytest.raises(ValueError, match="softcap"):
        attend(module, *inputs, mask(sequence), rows=rows(sequence), softcap=30.0)


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_a_model_with_other_attention_than_the_kernel_with_a_mask_keeps_it(implementation: str) -> None:
    base = small_base(attention=implementation)
    kept = base.model.config._attn_implementation
    assert kept == (NAME if implementation == "sdpa" else "eager")
    heard: list[str] = []
    decoder = base.model.get_decoder()
    decoder.register_forward_pre_hook(lambda _one, _given, named: heard.extend(named), with_kwargs=True)
    base.losses(packed([Encoded(tuple(range(10 + at, 18 + at)), 2) for at in range(8)]))
    assert ("rows" in heard) == (implementation == "sdpa"), "another one may not know the word"
