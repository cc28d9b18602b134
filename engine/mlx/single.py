"""One row with K and V in few bits: mlx-lm cannot batch those, so there is one answer at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlx.utils import tree_map
from mlx_lm.generate import generate_step, maybe_quantize_kv_cache

from engine.mlx.conditioned import Conditioned, Layers, RowModes
from engine.mlx.library import mx
from engine.mlx.rows import Event, Read, Start, Written
from engine.mlx.sampling import Processor


class SingleRow:
    """K and V in ``bits`` bits from the first token on, in groups of ``group`` numbers."""

    room = 1

    def __init__(self, model: Conditioned, bits: int, group: int) -> None:
        self._model = model
        self._packing = {"kv_bits": bits, "kv_group_size": group, "quantized_kv_start": 0}
        self._row = 0
        self._cache: Layers = []
        self._start: Start | None = None
        self._tokens: list[int] = []
        self._writing: Iterator[int] = iter(())
        self._read = 0

    def insert(self, start: Start) -> int:
        """See `Rows`."""
        layers = self._model.new_layers() if start.layers is None else start.layers
        self._cache = [*layers, RowModes([start.mix])]
        self._start, self._read = start, 0
        self._tokens = list(start.read)
        self._row += 1
        return self._row

    def step(self, piece: int) -> Iterator[Event]:
        """See `Rows`."""
        assert self._start is not None
        left = self._start.tokens[self._read :]
        if len(left) > 1:
            some = left[: min(piece, len(left) - 1)]
            self._model(mx.array([some]), cache=self._cache)
            maybe_quantize_kv_cache(self._cache, **self._packing)
            mx.eval([layer.state for layer in self._cache])
            self._tokens += some
            self._read += len(some)
            yield Read(self._row, self._read)
            return
        if left:
            self._writing = self._write(self._start, left[0])
            self._tokens += left
            self._read += 1
            yield Read(self._row, self._read)
        token = next(self._writing)
        self._tokens.append(token)
        yield Written(self._row, token)

    def _write(self, start: Start, last: int) -> Iterator[int]:
        before = mx.array(self._tokens, mx.uint32)
        steps = generate_step(
            mx.array([last], mx.uint32),
            self._model,
            max_tokens=-1,
            sampler=start.sampler,
            logits_processors=[_after(before, one) for one in start.processors],
            prompt_cache=self._cache,
            **self._packing,
        )
        return (int(token) for token, _logprobs in steps)

    def take_out(self, rows: Sequence[int]) -> Mapping[int, tuple[Layers, list[int]]]:
        """See `Rows`."""
        layers, tokens = [_compact(layer) for layer in self._cache[:-1]], self._tokens
        self.reset()
        return dict.fromkeys(rows, (layers, tokens))

    def reset(self) -> None:
        """See `Rows`."""
        self._cache, self._tokens, self._start = [], [], None
        self._writing, self._read = iter(()), 0


def _compact(layer: Any) -> Any:
    """Without the room that was made for tokens to come."""
    if not layer.offset:
        return layer
    parts = tree_map(lambda part: mx.contiguous(part[..., : layer.offset, :]), (layer.keys, layer.values))
    mx.eval(parts)
    return type(layer).from_state((*parts, *layer.state[2:]))


def _after(before: Any, processor: Processor) -> Processor:
    """mlx-lm passes the tokens since it began; ours want all of the row."""
    return lambda tokens, logits: processor(mx.concatenate([before, tokens]), logits)
