"""Which bases can read many samples as one sequence."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

from modes.training.encoding import Encoded, batched
from modes.training.packing import packed
from tests.modes.training.small import SIZES, small_base


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("longest", [8, 10])
def test_layers_with_a_window_are_packed_while_no_sample_is_longer(implementation: str, longest: int) -> None:
    config = Gemma3TextConfig(
        **SIZES,
        head_dim=8,
        sliding_window=8,
        layer_types=["sliding_attention", "full_attention"],
        attn_implementation=implementation,
    )
    torch.manual_seed(1)
    base = replace(small_base(), model=Gemma3ForCausalLM(config))
    asked = [Encoded((3, *range(20 + row, 18 + row + longest), 1), 4) for row in range(3)]
    assert base.packs(longest) == (longest == 8)
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
