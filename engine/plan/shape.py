"""The shape of a transformer: all that decides how much memory it takes beside its weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: One of so many layers looks at all of the context: the architecture says it, not the file.
_WINDOW_PERIODS = {"gemma3": 6}
#: Architectures (as GGUF names them) whose memory is known; in any other a layer may be of another kind.
KNOWN = ("gemma3", "llama", "qwen2", "qwen3")


class Unplannable(ValueError):
    """A model whose memory cannot be told; the text says what of it and what to do."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Counts and widths; ``key`` and ``value`` are of one head, ``trained`` is the context in tokens.

    ``windowed`` of the ``layers`` look back no further than ``window`` tokens.
    """

    architecture: str
    layers: int
    embedding: int
    feed_forward: int
    heads: int
    kv_heads: int
    key: int
    value: int
    vocabulary: int
    trained: int
    windowed: int = 0
    window: int = 0

    @property
    def adapted(self) -> tuple[int, int]:
        """What modes change, o_proj and down_proj of every layer: how many weights, and Σ (n + d) of them."""
        widths = 2 * self.embedding + self.heads * self.value + self.feed_forward
        return 2 * self.layers, self.layers * widths


def shape_of(architecture: str, number: Callable[[str], int | None], vocabulary: int) -> Shape:
    """The shape by GGUF metadata: ``number`` gives a whole number by its key without the architecture.

    What is missing follows from the rest, as in llama.cpp. A guess unless `check` lets it pass.
    """
    heads = number("attention.head_count") or 1
    embedding = number("embedding_length") or 0
    layers = number("block_count") or 0
    window = number("attention.sliding_window") or 0
    period = _WINDOW_PERIODS.get(architecture, 0) if window else 0
    return Shape(
        architecture=architecture,
        layers=layers,
        embedding=embedding,
        feed_forward=number("feed_forward_length") or 0,
        heads=heads,
        kv_heads=number("attention.head_count_kv") or heads,
        key=number("attention.key_length") or embedding // heads,
        value=number("attention.value_length") or embedding // heads,
        vocabulary=vocabulary,
        trained=number("context_length") or 0,
        windowed=layers - layers // period if period else 0,
        window=window if period else 0,
    )


def check(architecture: str, number: Callable[[str], int | None]) -> None:
    """Raise `Unplannable` unless this is attention with K and V alike in all layers, and dense."""
    if architecture not in KNOWN:
        raise Unplannable(
            f"the architecture {architecture or 'unknown'} cannot be planned: its layers may keep something "
            f"else than K and V, or in other sizes (known: {', '.join(KNOWN)})"
        )
    if number("expert_count"):
        raise Unplannable("a mixture of experts cannot be planned: only dense models can")
