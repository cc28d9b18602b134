"""Which context this machine has room for: what is taken when nothing is asked for, what is refused.

The arithmetic is `engine.plan`'s; only here is it held against the memory that is free.
"""

from __future__ import annotations

from functools import partial

import psutil

from engine.contract import ModelUnusable
from engine.llama.library import devices, supports_gpu
from engine.llama.model import LlamaModel
from engine.plan.fit import as_flags, longest_context, nearest
from engine.plan.need import BLOCK, Settings, context_bytes
from engine.plan.shape import Shape, shape_of

#: Longer contexts are taken only when asked for: their memory is claimed at once.
DEFAULT_LIMIT = 32_768
#: Share of the free memory that a default context may claim.
_DEFAULT_SHARE = 0.5
#: Answers at once, unless more are asked for, and the share of the free memory that they may claim together.
DEFAULT_SLOTS = 4
_SLOTS_SHARE = 0.125
#: Main memory for what was read and has left the context: a share of what is free, and never more than this.
_CACHE_SHARE = 0.0625
_CACHE_LIMIT = 1 << 30


def shape_of_model(model: LlamaModel) -> Shape:
    """The shape as far as llama.cpp tells it: where layers differ, all are taken to be the largest."""

    def number(key: str) -> int | None:
        value = model.metadata(f"{model.architecture}.{key}")
        return int(value) if value is not None and value.isdigit() else None

    return shape_of(model.architecture, number, model.vocab_size)


def free_memory(gpu_layers: int | None = None) -> int:
    """Bytes free where K and V will live: the GPU of a GPU build, else this machine's memory.

    They are where their layers are: with ``gpu_layers`` 0 not on the GPU.
    """
    gpus = [device for device in devices() if device.is_gpu] if supports_gpu() and gpu_layers != 0 else []
    if gpus:
        return sum(device.free for device in gpus)
    return int(psutil.virtual_memory().available)


def choose(shape: Shape, run: Settings, context: int | None, slots: int | None, free: int) -> Settings:
    """``run`` with the context and the slots that were asked for; None is what suits ``free`` bytes.

    Raises `ModelUnusable` when what was asked for does not fit.
    """
    cost = partial(context_bytes, shape)
    asked = run.but(slots=slots or 1)
    limit = min(shape.trained or DEFAULT_LIMIT, DEFAULT_LIMIT)
    if context is None:
        fitting = longest_context(cost, asked, int(free * _DEFAULT_SHARE), limit)
        asked = asked.but(context=max(BLOCK, fitting))
    else:
        asked = asked.but(context=context)
    if slots is None:
        asked = asked.but(slots=_usual_slots(shape, asked, free))
    if (context or slots) and cost(asked) > free:
        raise ModelUnusable(_refusal(shape, asked, free))
    return asked


def _usual_slots(shape: Shape, one: Settings, free: int) -> int:
    cost = partial(context_bytes, shape)
    each = max(1, cost(one.but(slots=2)) - cost(one))
    return max(1, min(DEFAULT_SLOTS, int(free * _SLOTS_SHARE) // each))


def _refusal(shape: Shape, asked: Settings, free: int) -> str:
    cost = partial(context_bytes, shape)
    others = [as_flags(asked, other) for other in nearest(cost, asked, free)]
    remedy = (
        f"what fits is {' or '.join(others)}"
        if others
        else "not even the smallest context fits, so close other programs or use a smaller model"
    )
    answers = "one answer" if asked.slots == 1 else f"{asked.slots} answers at once"
    verb = "needs" if asked.slots == 1 else "each need"
    return (
        f"{answers} with a context of {asked.context:,} tokens {verb} {_gib(cost(asked))} beside the model "
        f"and {_gib(free)} are free: {remedy}"
    )


def choose_cache(asked: int | None) -> int:
    """Bytes of main memory for parked K and V."""
    if asked is not None:
        return asked
    return min(_CACHE_LIMIT, int(psutil.virtual_memory().available * _CACHE_SHARE))


def _gib(size: int) -> str:
    return f"{size / (1 << 30):,.1f} GiB"
