"""The rows of a batch, through mlx-lm's `BatchGenerator`: each in its own mode, coming and going on its own.

It must not know requests: tokens go in, events come out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mlx_lm.generate import BatchGenerator

from engine.mlx.conditioned import Conditioned, Layers, RowModes
from engine.mlx.sampling import Processor, Sampler
from engine.mlx.share import Mix

#: Nothing ends a row but whoever takes it out.
_ENDLESS = 1 << 62


@dataclass(frozen=True, slots=True)
class Start:
    """A row: ``tokens`` to be read after those in ``read``, whose K and V are in ``layers`` (None: none)."""

    tokens: list[int]
    read: list[int]
    layers: Layers | None
    mix: Mix
    sampler: Sampler
    processors: Sequence[Processor]


@dataclass(frozen=True, slots=True)
class Read:
    """A row has read ``count`` of the tokens that it started with."""

    row: int
    count: int


@dataclass(frozen=True, slots=True)
class Written:
    """A row's next token."""

    row: int
    token: int


Event = Read | Written


class Rows(Protocol):
    """Rows that are computed together. ``room`` is how many there may be."""

    room: int

    def insert(self, start: Start) -> int:
        """A new row; its number."""

    def step(self, piece: int) -> Iterator[Event]:
        """A token for each that writes, and up to ``piece`` tokens read for each that reads."""

    def take_out(self, rows: Sequence[int]) -> Mapping[int, tuple[Layers, list[int]]]:
        """End rows; K and V of each, and the tokens that they are of."""

    def reset(self) -> None:
        """Drop all rows after a failure."""


class BatchRows:
    """Up to ``room`` rows at once."""

    def __init__(self, model: Conditioned, room: int) -> None:
        self.room = room
        self._model = model
        self.reset()

    def insert(self, start: Start) -> int:
        """See `Rows`."""
        layers = self._model.new_layers() if start.layers is None else start.layers
        (row,) = self._generator.insert(
            [start.tokens],
            max_tokens=[_ENDLESS],
            caches=[[*layers, RowModes([start.mix])]],
            all_tokens=[list(start.read)],
            samplers=[start.sampler],
            logits_processors=[list(start.processors)],
        )
        return int(row)

    def step(self, piece: int) -> Iterator[Event]:
        """See `Rows`."""
        self._generator.prefill_step_size = piece
        read, written = self._generator.next()
        for one in written:
            yield Written(one.uid, one.token)
        for one in read:
            yield Read(one.uid, one.progress[0])

    def take_out(self, rows: Sequence[int]) -> Mapping[int, tuple[Layers, list[int]]]:
        """See `Rows`."""
        taken = self._generator.remove(list(rows), return_prompt_caches=True)
        return {row: (layers[:-1], list(tokens)) for row, (layers, tokens) in taken.items()}

    def reset(self) -> None:
        """See `Rows`."""
        self._generator: Any = BatchGenerator(
            self._model, completion_batch_size=self.room, prefill_batch_size=self.room
        )
