"""A batch whose rows are in different modes: each is itself, whoever joins and leaves beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

from engine.lowrank import Basis, Coefficients
from engine.mlx.conditioned import Conditioned, RowModes
from engine.mlx.gguf_model import load_gguf
from engine.mlx.library import nn
from engine.mlx.modes import ModeShelf
from engine.mlx.rows import BatchRows, Read, Start, Written
from engine.mlx.sampling import greedy
from engine.mlx.share import BASE, Mix, ShareLinear, Wrapping
from tests.engine.random_modes import random_basis, random_coefficients
from tests.engine.tiny import HIDDEN, LAYERS, WIDTH

TOKENS = list(range(20, 50))
A, B, BOTH = (("a", 1.0),), (("b", 1.0),), (("a", 0.5), ("b", 0.5))


class Bench:
    """The small model with modes a and b, below every scheduler."""

    def __init__(self, path: Path) -> None:
        loaded = load_gguf(path, lambda _fraction: True)
        loaded.vocabulary.close()
        self.inner = loaded.model
        self.wrapping = Wrapping(loaded.model, loaded.modules)
        self.model = Conditioned(loaded.model, self.wrapping.selection)
        self.shelf = ModeShelf("tiny", self.wrapping, lambda: 1 << 30)
        shapes = {f"blk.{layer}.ffn_down.weight": (WIDTH, HIDDEN) for layer in range(LAYERS)}
        self.basis = random_basis(shapes, 8, "here")
        for seed, name in enumerate("ab"):
            self.shelf.install(name, *self.mode(seed), "here")

    def mode(self, seed: int) -> tuple[Basis, Coefficients]:
        return self.basis, random_coefficients(self.basis, 0.5, seed)

    def logits(self, *mixes: Mix) -> np.ndarray:
        """Of the same tokens in rows of these mixes (rows × tokens × vocabulary)."""
        cache = [type(layer).merge([layer] * len(mixes)) for layer in self.model.new_layers()]
        return np.array(self.model(mx.array([TOKENS] * len(mixes)), cache=[*cache, RowModes(mixes)]))

    def start(self, tokens: Sequence[int], mix: Mix) -> Start:
        return Start(list(tokens), [], None, mix, greedy, ())


@pytest.fixture(scope="module")
def bench(tiny_path: Path) -> Bench:
    return Bench(tiny_path)


def written(rows: BatchRows, steps: int) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for _ in range(steps):
        for event in rows.step(64):
            if isinstance(event, Written):
                found.setdefault(event.row, []).append(event.token)
    return found


def test_a_base_row_among_modes_is_the_base_bit_for_bit(bench: Bench) -> None:
    a, b = bench.shelf.mix(A), bench.shelf.mix(B)
    alone, mixed = bench.logits(BASE, BASE, BASE, BASE), bench.logits(BASE, a, b, BASE)
    assert np.array_equal(mixed[0], alone[0])
    assert np.array_equal(mixed[3], alone[3])
    assert np.abs(mixed[1] - alone[1]).max() > 0.5


def test_each_row_of_a_mixed_batch_is_what_it_is_in_a_batch_of_its_own_mode(bench: Bench) -> None:
    mixes = [bench.shelf.mix(scales) for scales in ((), A, B, BOTH)]
    mixed = bench.logits(*mixes)
    for row, mix in zip(mixed, mixes, strict=True):
        np.testing.assert_allclose(row, bench.logits(*[mix] * 4)[0], atol=2e-4)


def test_rows_join_leave_and_come_back_in_their_own_modes(bench: Bench) -> None:
    mixes = [bench.shelf.mix(scales) for scales in ((), A, B)]
    alone = []
    for mix in mixes:
        rows = BatchRows(bench.model, 4)
        row = rows.insert(bench.start(TOKENS, mix))
        alone.append(written(rows, 24)[row][:12])
    rows = BatchRows(bench.model, 4)
    first = rows.insert(bench.start(TOKENS, mixes[0]))
    found = written(rows, 4)[first]
    second, third = (rows.insert(bench.start(TOKENS, mix)) for mix in mixes[1:])
    more = written(rows, 6)
    found += more[first]
    layers, tokens = rows.take_out([first])[first]
    assert tokens == [*TOKENS, *found]
    later = written(rows, 12)
    again = rows.insert(Start([tokens[-1]], tokens[:-1], trimmed(layers), mixes[0], greedy, ()))
    last = written(rows, 10)
    assert (found + last[again])[:12] == alone[0]
    for row, expected in ((second, alone[1]), (third, alone[2])):
        assert (more[row] + later[row])[:12] == expected


def trimmed(layers: list[object]) -> list[object]:
    from engine.mlx.store import copied

    return copied(layers, 1)


def test_prompts_are_read_in_pieces_as_large_as_is_asked_for(bench: Bench) -> None:
    rows = BatchRows(bench.model, 2)
    row = rows.insert(bench.start(TOKENS, BASE))
    counts = [
        event.count
        for _ in range(6)
        for event in rows.step(10)
        if isinstance(event, Read) and event.row == row
    ]
    assert counts == [10, 20, 29, 30]


def test_changing_to_a_mode_moves_one_pointer_and_no_weights(bench: Bench) -> None:
    mix, selection = bench.shelf.mix(A), bench.wrapping.selection
    selection.choose([mix, mix])
    assert selection.terms is mix.terms
    selection.choose([BASE])
    assert not selection.terms


def test_modes_of_one_subspace_share_its_factors_and_the_last_one_takes_them_along(bench: Bench) -> None:
    spaces = [
        {id(term.space) for terms in bench.shelf.mix(scales).terms.values() for term in terms}
        for scales in (A, B)
    ]
    assert spaces[0] == spaces[1]
    assert len(spaces[0]) == LAYERS
    shelf = ModeShelf("tiny", bench.wrapping, lambda: 1 << 30)
    shelf.install("only", *bench.mode(3), "here")
    shelf.remove("only")
    assert not shelf._spaces


def test_only_modules_that_a_mode_changes_are_wrapped(bench: Bench) -> None:
    wrapped = [path for path, module in bench.inner.named_modules() if isinstance(module, ShareLinear)]
    assert sorted(wrapped) == [f"model.layers.{layer}.mlp.down_proj" for layer in range(LAYERS)]


def test_a_module_that_takes_no_change_is_refused_by_name() -> None:
    class Strange(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Embedding(4, 4)

    with pytest.raises(ValueError, match="one is a Embedding, which takes no change"):
        Wrapping(Strange(), {"blk.0.one.weight": "one"}).shape("blk.0.one.weight")
