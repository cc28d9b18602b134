"""Attention in a packed sequence: of each sample to what all begin with and to itself, and to nothing else.

A kernel with a mask computes what the mask hides too, which is most of it: the samples of one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

#: What transformers knows it as.
NAME = "packed_samples"
#: What some models ask for beyond queries, keys and values, and only transformers' own knows.
_BEYOND = ("softcap", "position_bias")


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the samples stand in a sequence of T tokens; see `Packed`, whose arrays these are as tensors."""

    common: int
    own: Tensor
    back: Tensor


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **more: Any,
) -> tuple[Tensor, None]:
    """Softmax(Q Kᵀ · scaling) V (1 × T × heads × size), called as transformers calls what attends.

    ``query`` is 1 × heads × T × size; ``key`` and ``value`` may have fewer heads, each for a group. Without
    ``rows`` among the rest, or with what is not done here, it is transformers' own.
    """
    rows: Rows | None = more.pop("rows", None)
    if rows is None or more.get("dropout") or any(more.get(name) is not None for name in _BEYOND):
        return sdpa_attention_forward(module, query, key, value, attention_mask, **more)
    asked = query.view(key.shape[1], -1, *query.shape[2:])
    scale = more.get("scaling") or query.shape[-1] ** -0.5
    found = _own(asked * scale, key[0], value[0], rows)
    if rows.common:
        found = torch.cat([_common(asked, key[0], value[0], rows, scale), found], 1)
    return found.transpose(0, 1)[None], None


def _common(query: Tensor, keys: Tensor, values: Tensor, rows: Rows, scale: float) -> Tensor:
    """Of the tokens that all begin with (heads × tokens × size); ``query`` is K × group × T × size."""
    early = slice(rows.common)
    keys, values = (one[:, None, early].expand(-1, query.shape[1], -1, -1) for one in (keys, values))
    attention = nn.functional.scaled_dot_product_attention
    return attention(query[:, :, early], keys, values, is_causal=True, scale=scale).flatten(0, 1)


def _own(query: Tensor, keys: Tensor, values: Tensor, rows: Rows) -> Tensor:
    """Of the samples' own tokens (heads × tokens × size); ``query`` (K × group × T × size) is scaled."""
    heads, group, _, size = query.shape
    count, longest = rows.own.shape
    # K × samples × group × longest × size: a sample's own keys are those of every query of its group.
    asked = _picked(query, 2, rows.own).transpose(1, 2)
    own_keys, own_values = (_picked(one, 1, rows.own) for one in (keys, values))
    common = slice(rows.common)
    shape = (heads, count, group, longest, -1)
    early = (asked.flatten(1, 3) @ keys[:, common].mT).view(shape)
    late = (asked.flatten(2, 3) @ own_keys.mT).view(shape)
    least, dtype = torch.finfo(query.dtype).min, query.dtype
    later = torch.full((longest, longest), least, dtype=dtype, device=query.device).triu(1)
    weights = torch.cat([early, late + later], -1).softmax(-1)
    of_common = weights[..., common].flatten(1, 3) @ values[:, common]
    of_own = weights[..., rows.common :].flatten(2, 3) @ own_values
    found = of_common.view(shape) + of_own.view(shape)
    return _picked(found.transpose(1, 2).reshape(heads * group, count * longest, size), 1, rows.back)


def _picked(numbers: Tensor, axis: int, places: Tensor) -> Tensor:
    """``numbers`` at ``places``, whose axes stand where ``axis`` was: ``[]`` has a slower gradient."""
    return torch.unflatten(numbers.index_select(axis, places.flatten()), axis, places.shape)


def use_rows(model: Any) -> None:
    """Let ``model`` be told `Rows`, if its attention is the kernel that takes any mask."""
    if model.config._attn_implementation == "sdpa":
        model.set_attn_implementation(NAME)


def takes_rows(model: Any) -> bool:
    """Whether ``model`` can be told `Rows`; another one may not know the word."""
    return bool(model.config._attn_implementation == NAME)


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
