"""The starter model in a mode is its dense reference, loosely; adapters come and go in llama.cpp's order.

What holds for every engine is in ``tests/engine/contract``.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.contract import AdapterRefused, NotInstalled
from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.llama.library import dot_length, llama
from engine.lowrank import blend
from engine.rank import filled
from tests.engine.random_modes import changes, random_basis, random_coefficients
from tests.engine.reference import DenseLlama, divergence
from tests.engine.tiny import ADAPTED, write_tiny_llama

Logits = NDArray[np.float32]

TEXT = "The river carries what the mountain gave away, and asks for nothing. ᏣᎳᎩ"
RANK = 8

#: Mean divergence (nats) from the dense reference, for the starter model in four bits: seen here up to 0.008,
#: where modes move the distribution by 0.35 and more, and the changes of logits correlate at 0.983 and more.
LOOSE = 0.02
ALIKE = 0.97


class Subject:
    """A model through llama.cpp, its dense reference, and coefficients for both."""

    def __init__(self, path: Path, size: float) -> None:
        self.engine = LlamaEngine(path, LlamaOptions(context=512, threads=1), lambda _fraction: True)
        self.dense = DenseLlama(path)
        base = self.engine.fingerprint()
        assert base is not None
        shapes = {
            name: (weight.shape[0], weight.shape[1])
            for name, weight in self.dense.weights.items()
            if name.split(".")[-2] in ADAPTED
        }
        self.basis = random_basis(shapes, RANK, base)
        self.modes = {
            name: random_coefficients(self.basis, size, seed, factors)
            for seed, (name, factors) in enumerate((("a", None), ("b", None), ("c", 2)))
        }
        self.tokens = self.engine.tokenize(TEXT)
        for name, coefficients in self.modes.items():
            self.engine.install(name, self.basis, coefficients)

    def logits(self, *scales: tuple[str, float]) -> Logits:
        return self.engine.logits(self.tokens, scales)

    def reference(self, *scales: tuple[str, float]) -> Logits:
        wanted = blend([(self.modes[name], scale) for name, scale in scales])
        return self.dense.logits(self.tokens, changes(self.basis, wanted))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    subject = Subject(write_tiny_llama(tmp_path_factory.mktemp("tiny") / "tiny.gguf"), 0.4)
    yield subject
    subject.engine.close()


@pytest.fixture(scope="module")
def whole(starter: Path) -> Iterator[Subject]:
    """The starter model, whose weights llama.cpp multiplies with activations rounded to eight bits."""
    subject = Subject(starter, 1.5)
    yield subject
    subject.engine.close()


# The starter model, quantised: loose


def test_the_starter_agrees_loosely_with_a_dense_reference(whole: Subject) -> None:
    assert divergence(whole.reference(), whole.logits()) < LOOSE
    for mode in ("a", "c"):
        ours, theirs = whole.logits((mode, 1.0)), whole.reference((mode, 1.0))
        moved = divergence(theirs, whole.reference())
        assert moved > 10 * LOOSE, "the mode was to change something"
        assert divergence(theirs, ours) < LOOSE
        change, wanted = ours - whole.logits(), theirs - whole.reference()
        assert np.corrcoef(change.ravel(), wanted.ravel())[0, 1] > ALIKE


# Off is off


@pytest.mark.parametrize("subject", ["tiny", "whole"])
def test_off_is_the_base_bit_for_bit_after_switches_in_any_order(
    subject: str, request: pytest.FixtureRequest
) -> None:
    model: Subject = request.getfixturevalue(subject)
    order = random.Random(1)
    before = {scales: model.logits(*scales) for scales in ((), (("a", 1.0),), (("a", 0.7), ("b", 0.3)))}
    for _ in range(30 if subject == "tiny" else 6):
        scales = order.choice(list(before))
        assert np.array_equal(model.logits(*scales), before[scales])
        assert np.array_equal(model.logits(), before[()])


# Coming and going


def test_an_adapter_is_cleared_from_the_context_before_it_is_freed(
    tiny: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[tuple[str, object]] = []
    set_adapters, free = llama.llama_set_adapters_lora, llama.llama_adapter_lora_free

    def watched_set(context: object, pointers: object, count: int, scales: object) -> object:
        happened.append(("set", count))
        return set_adapters(context, pointers, count, scales)

    def watched_free(handle: object) -> object:
        happened.append(("free", None))
        return free(handle)

    base = tiny.logits()
    tiny.engine.install("gone", tiny.basis, tiny.modes["a"])
    tiny.logits(("gone", 1.0))
    monkeypatch.setattr(llama, "llama_set_adapters_lora", watched_set)
    monkeypatch.setattr(llama, "llama_adapter_lora_free", watched_free)
    tiny.engine.remove("gone")
    assert happened == [("set", 0), ("free", None)]
    assert np.array_equal(tiny.logits(), base)
    with pytest.raises(
        NotInstalled, match=r"no coefficients named gone are installed \(installed: a, b, c\)"
    ):
        tiny.logits(("gone", 1.0))
    with pytest.raises(NotInstalled):
        tiny.engine.remove("gone")


def test_the_memory_of_every_mode_is_told(tiny: Subject) -> None:
    sizes = tiny.engine.adapter_sizes()
    sides = sum(len(one.up) + len(one.down) for one in tiny.basis.modules.values())
    assert sizes["a"] == 4 * RANK * sides
    assert sizes["c"] == 4 * 2 * sides


def test_a_mode_that_cannot_be_written_for_want_of_room_is_refused_with_where(
    tiny: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(AdapterRefused, match="TMPDIR"):
        tiny.engine.install("late", tiny.basis, tiny.modes["a"])
    assert "late" not in tiny.engine.installed()


@pytest.mark.parametrize("rank", [8, 28])
def test_where_a_weight_is_packed_the_first_factor_is_too(starter_engine: LlamaEngine, rank: int) -> None:
    shapes = {"blk.3.attn_output.weight": (576, 576), "blk.3.ffn_down.weight": (576, 1536)}
    basis = random_basis(shapes, rank, starter_engine.fingerprint() or "")
    starter_engine.install("packed", basis, random_coefficients(basis, 1.0, 0))
    try:
        size = starter_engine.adapter_sizes()["packed"]
    finally:
        starter_engine.remove("packed")
    assert size == filled(rank, dot_length()) * (2 * 4 * 576 + (576 + 1536) * 34 // 32)


def test_a_mode_is_installed_though_the_file_of_the_model_is_gone_by_then(tmp_path: Path) -> None:
    model = write_tiny_llama(tmp_path / "gone.gguf")
    engine = LlamaEngine(model, LlamaOptions(context=64, threads=1), lambda _fraction: True)
    basis = random_basis({"blk.0.attn_output.weight": (64, 64)}, RANK, engine.fingerprint() or "")
    model.unlink()
    engine.install("late", basis, random_coefficients(basis, 1.0, 0))
    assert engine.installed() == ("late",)
    engine.close()
