"""Bytes that llama.cpp allocates for a model, part by part.

The formulas are those of llama.cpp's ``llama-kv-cache.cpp`` and of the graphs in ``llama-graph.cpp``: a
compute buffer is as large as the widest moment of reading one batch, which is the logits, the feed-forward
part, or attention.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from engine.plan.shape import Shape

KvKind = Literal["f16", "q8_0"]
KV_KINDS: tuple[KvKind, ...] = get_args(KvKind)

#: Cells of K and V are allocated in whole blocks.
BLOCK = 256
_FLOAT = 4
_HALF = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """How a model is run: ``context`` tokens for each of ``slots``, ``batch`` of them in one decode.

    ``flash``: flash attention, which K and V in q8_0 need. ``window_only``: layers with a window keep no more
    than it.
    """

    context: int
    slots: int = 1
    batch: int = 256
    flash: bool = True
    kv: KvKind = "f16"
    window_only: bool = False

    @property
    def cells(self) -> int:
        """Tokens that each slot really has room for."""
        return _padded(self.context)

    @property
    def step(self) -> int:
        """Tokens of one decode, at most."""
        return max(min(self.batch, _padded(self.context * self.slots)), self.slots)

    @property
    def rows(self) -> int:
        """Tokens that a decode is given room for: as many for every slot."""
        return -(-self.step // self.slots) * self.slots

    def but(self, **changes: int | bool | str) -> Settings:
        """The same with changes."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes by what they are for. ``copies``: weights that are held a second time, rearranged for a CPU."""

    weights: int
    kv: int
    compute: int
    logits: int
    copies: int = 0
    modes: int = 0

    @property
    def total(self) -> int:
        return self.weights + self.copies + self.kv + self.compute + self.logits + self.modes


def need(shape: Shape, settings: Settings, weights: int, copies: int = 0, modes: int = 0) -> Need:
    """All that is allocated to run a model in these settings."""
    return Need(
        weights=weights,
        kv=kv_bytes(shape, settings),
        compute=compute_bytes(shape, settings),
        logits=settings.slots * shape.vocabulary * _FLOAT,
        copies=copies,
        modes=modes,
    )


def context_bytes(shape: Shape, settings: Settings) -> int:
    """What opening a context allocates, beside the weights."""
    return need(shape, settings, weights=0).total


def kv_bytes_per_token(shape: Shape, kv: KvKind = "f16") -> int:
    """K and V of one token in all layers, none of them cut to its window."""
    return shape.layers * _row(shape, kv)


def kv_bytes(shape: Shape, settings: Settings) -> int:
    """K and V of all slots."""
    full, windowed = shape.layers - shape.windowed, settings.cells
    if settings.window_only:
        windowed = min(settings.cells, _padded(shape.window + settings.step))
    cells = full * settings.cells + shape.windowed * windowed
    return settings.slots * cells * _row(shape, settings.kv)


def compute_bytes(shape: Shape, settings: Settings) -> int:
    """The buffer in which one decode is computed."""
    masks = settings.cells * (2 if shape.windowed else 1)
    if settings.flash:
        masks //= 2  # of 2-byte numbers
    heads_in, heads_out = shape.heads * shape.key, shape.heads * shape.value
    attention = masks + 3 * shape.embedding + heads_in + heads_out
    if not settings.flash:
        scores = settings.cells * shape.heads
        attention = masks + scores + 2 * shape.embedding + 2 * heads_in + heads_out
        attention += shape.kv_heads * (shape.key + shape.value)
    forward = masks + 3 * shape.feed_forward + 4 * shape.embedding
    # Two widths of the model stand beside the logits, or four where the allocator found no better place.
    logits = shape.vocabulary + 3 * shape.embedding
    return settings.rows * _FLOAT * max(attention, forward, logits)


def modes_bytes(shape: Shape, directions: int, modes: int) -> int:
    """What llama.cpp holds of ``modes``: for every weight two factors of that rank, in float32.

    Of a packed base it is less: there one of the two takes a quarter, whatever the rank is filled up to.
    """
    _, widths = shape.adapted
    return modes * directions * widths * _FLOAT


def subspace_bytes(shape: Shape, directions: int, modes: int) -> int:
    """What is kept of them on disk, in float16: U and V once, and a full core for each mode and weight."""
    count, widths = shape.adapted
    return _HALF * directions * (widths + modes * count * directions)


def _row(shape: Shape, kv: KvKind) -> int:
    """K and V of one token in one layer; q8_0 is 34 bytes for 32 numbers."""
    numbers = shape.kv_heads * (shape.key + shape.value)
    return numbers * 34 // 32 if kv == "q8_0" else numbers * _HALF


def _padded(tokens: int) -> int:
    return -(-tokens // BLOCK) * BLOCK
