"""How much memory K and V take, and which context and how many answers fit: before anything is allocated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlx.utils import tree_flatten

from engine.contract import ModelUnusable
from engine.llama.memory import DEFAULT_LIMIT, DEFAULT_SLOTS, choose_cache
from engine.mlx.conditioned import Conditioned, RowModes
from engine.mlx.library import Machine, mx
from engine.mlx.share import BASE
from engine.plan.fit import as_flags, longest_context, nearest
from engine.plan.need import BLOCK, Settings

_BITS = (2, 3, 4, 6, 8)
_GROUPS = (64, 32)
#: Activations and logits of a piece of a prompt, roughly.
_WORKING = 256 << 20
#: Freed buffers that MLX may keep for later.
_POOL = 256 << 20
#: Shares of the free memory that may be claimed unasked: by a context, and by all answers at once.
_CONTEXT_SHARE, _SLOTS_SHARE = 0.5, 0.125
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Room:
    """What was chosen: tokens of each of ``slots`` answers, bytes for what was read, bytes a token."""

    context: int
    slots: int
    cache: int
    per_token: int


def choose_room(
    model: Conditioned,
    trained: int,
    machine: Machine,
    *,
    context: int | None,
    slots: int | None,
    cache: int | None,
) -> Room:
    """What was asked for, None leaving the choice here. Raises `ModelUnusable` for what does not fit."""
    mx.set_cache_limit(_POOL)
    per_token, free = bytes_per_token(model), machine.free()

    def cost(run: Settings) -> int:
        return _WORKING + per_token * run.context * run.slots

    run = Settings(context or BLOCK, slots or 1)
    if context is None:
        limit = min(trained or DEFAULT_LIMIT, DEFAULT_LIMIT)
        run = run.but(context=longest_context(cost, run, int(free * _CONTEXT_SHARE), limit) or BLOCK)
    if slots is None:
        each = max(1, per_token * run.context)
        run = run.but(slots=max(1, min(DEFAULT_SLOTS, int(free * _SLOTS_SHARE) // each)))
    if cost(run) > free:
        others = " or ".join(as_flags(run, other) for other in nearest(cost, run, free))
        remedy = f"what fits is {others}" if others else "close other programs, or use a smaller model"
        raise ModelUnusable(
            f"{run.slots} answers at once with a context of {run.context:,} tokens need "
            f"{cost(run) / _GIB:,.1f} GiB beside the model and {free / _GIB:,.1f} GiB are free: {remedy}"
        )
    return Room(run.context, run.slots, choose_cache(cache), per_token)


def bytes_per_token(model: Conditioned) -> int:
    """Of K and V in all layers that grow with the text, from one token that is read."""
    layers = model.new_layers()
    mx.eval(model(mx.array([[0]]), cache=[*layers, RowModes([BASE])]))
    return sum(_per_position(layer) for layer in layers)


def packing_group(model: Any, bits: int) -> int:
    """In what groups K and V can be packed into ``bits``. Raises `ModelUnusable` where they cannot."""
    layers = model.new_layers()
    mx.eval(model(mx.array([[0]]), cache=[*layers, RowModes([BASE])]))
    widths = {value.shape[-1] for layer in layers for value in _growing(layer)}
    plain = bits in _BITS and all(hasattr(layer, "to_quantized") for layer in layers)
    for group in _GROUPS:
        if plain and all(width % group == 0 for width in widths):
            return group
    raise ModelUnusable(
        f"K and V of this model cannot be kept in {bits} bits: it has to be one of "
        f"{', '.join(map(str, _BITS))}, with heads of a multiple of {_GROUPS[-1]}; leave it out"
    )


def _per_position(layer: Any) -> int:
    return sum(value.nbytes // value.shape[2] for value in _growing(layer))


def _growing(layer: Any) -> list[Any]:
    """K and V (rows × heads × positions × width)."""
    arrays = [value for _name, value in tree_flatten(layer.state) if isinstance(value, mx.array)]
    return [value for value in arrays if value.ndim == 4]
