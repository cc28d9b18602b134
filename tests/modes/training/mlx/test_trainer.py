"""Training with MLX learns, ends in time, and goes on from where it was interrupted as if it had not been."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from mlx import nn
from mlx.utils import tree_flatten

from modes.share.subspace import seeded
from modes.training import loop as module
from modes.training.endings import CannotTrain, Interrupted
from modes.training.loop import Standing, State
from modes.training.mlx.checkpoint import Checkpoint
from modes.training.mlx.layers import checkpointed
from modes.training.mlx.trainer import Trainer
from modes.training.plan import Plan
from tests.modes.training.mlx.small import numbers, same, small_model, trainer
from tests.modes.training.small import SHAPES, samples

PLAN = Plan(directions=2, steps=12, batch=4, check=4, rate=2e-2, patience=9)
SHARED = seeded(SHAPES, 4, "base", 0).modules


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "here" / "checkpoint.safetensors"


def going_on(_standing: Standing) -> bool:
    return True


def until(step: int) -> Callable[[Standing], bool]:
    return lambda standing: standing.step < step


def growing(plan: Plan = PLAN) -> Trainer:
    """A core in shared directions, and free factors beside it."""
    return trainer(plan, subspaces=SHARED)


def gradients(one: Trainer) -> dict[str, mx.array]:
    """Of the first step, clipped, before the optimiser takes them."""
    found: dict[str, mx.array] = {}

    def noted(parameters: Mapping[str, Any], gradients: Mapping[str, Any], factor: float) -> dict[str, Any]:
        found.update(gradients)
        return dict(parameters)

    one._optimiser.step = noted  # type: ignore[method-assign]
    one._step(State())
    return found


def alike(one: dict[str, mx.array], other: dict[str, mx.array]) -> bool:
    return one.keys() == other.keys() and all(
        mx.allclose(one[name], other[name], atol=1e-6).item() for name in one
    )


def test_the_loss_falls(file: Path) -> None:
    seen: list[Standing] = []
    learned = trainer(replace(PLAN, steps=40, check=20)).run(
        Checkpoint(file, "k"), lambda one: seen.append(one) or True
    )
    assert [one.step for one in seen] == list(range(1, 41))
    assert learned.losses[-1][1] < learned.losses[0][1] - 0.5
    assert learned.loss == min(loss for _, loss in learned.validation)
    assert seen[-1].validation == learned.validation[-1][1]
    assert seen[-1].remaining == 0


def test_it_ends_without_gain_and_the_best_is_kept(file: Path) -> None:
    plan = replace(PLAN, steps=100, check=2, patience=2, rate=1.0)  # so high that it gets worse
    one = trainer(plan)
    learned = one.run(Checkpoint(file, "k"), going_on)
    assert len(learned.losses) == learned.step + 4 < 100
    assert one._look(State()) == pytest.approx(learned.loss, rel=1e-6), "what is given back is the best"


@pytest.mark.parametrize("stop", [1, 3, 4, 11, 12])
@pytest.mark.parametrize("made", [trainer, growing], ids=["own", "grown"])
def test_interrupted_and_gone_on_with_it_comes_to_the_same(file: Path, stop: int, made: Any) -> None:
    whole = made(PLAN)
    learned = whole.run(Checkpoint(file.with_name("other"), "k"), going_on)
    with pytest.raises(Interrupted, match=f"stopped after step {stop} of 12, which is kept"):
        made(PLAN).run(Checkpoint(file, "k"), until(stop))
    later = made(PLAN)
    resumed = later.run(Checkpoint(file, "k"), going_on)
    assert same(numbers(whole), numbers(later))
    assert resumed.losses == learned.losses
    assert resumed.validation == learned.validation
    assert (resumed.step, resumed.loss) == (learned.step, learned.loss)


def test_stopped_many_times_it_comes_to_the_same(file: Path) -> None:
    whole = growing()
    whole.run(Checkpoint(file.with_name("other"), "k"), going_on)
    for stop in range(2, 12, 3):
        with pytest.raises(Interrupted):
            growing().run(Checkpoint(file, "k"), until(stop))
    later = growing()
    later.run(Checkpoint(file, "k"), going_on)
    assert same(numbers(whole), numbers(later))


def stopped(file: Path, at: int = 5) -> bytes:
    with pytest.raises(Interrupted):
        trainer(PLAN).run(Checkpoint(file, "k"), until(at))
    return file.read_bytes()


@pytest.mark.parametrize("damage", ["short", "empty", "text", "foreign", "folder"])
def test_a_damaged_checkpoint_is_begun_anew(file: Path, damage: str) -> None:
    kept = stopped(file)
    if damage == "folder":
        file.unlink()
        file.mkdir()
    elif damage == "foreign":
        mx.save_safetensors(str(file), {"a": mx.zeros(2)})
    else:
        file.write_bytes({"short": kept[: len(kept) // 2], "empty": b"", "text": b"hello"}[damage])
    seen: list[int] = []
    with pytest.raises((Interrupted, CannotTrain)):
        trainer(PLAN).run(Checkpoint(file, "k"), lambda one: bool(seen.append(one.step)))
    assert seen == [1]


def test_a_checkpoint_that_lacks_a_part_is_begun_anew(file: Path) -> None:
    stopped(file)
    seen: list[int] = []
    with pytest.raises(Interrupted):
        growing().run(Checkpoint(file, "k"), lambda one: bool(seen.append(one.step)))
    assert seen == [1]


def test_the_checkpoint_of_other_work_is_not_taken(file: Path) -> None:
    stopped(file)
    seen: list[int] = []
    with pytest.raises(Interrupted):
        trainer(PLAN).run(Checkpoint(file, "other"), lambda one: bool(seen.append(one.step)))
    assert seen == [1]


def test_a_checkpoint_that_cannot_be_written_leaves_the_earlier_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = stopped(file)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotTrain, match=r"after step 7, and its checkpoint cannot be written \(No space"):
        trainer(PLAN).run(Checkpoint(file, "k"), until(7))
    assert file.read_bytes() == kept
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_it_is_saved_while_nobody_stops_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SAVE_EVERY", -1.0)
    trainer(PLAN).run(Checkpoint(file, "k"), going_on)
    assert file.stat().st_mode & 0o777 == 0o600
    seen: list[int] = []
    trainer(PLAN).run(Checkpoint(file, "k"), lambda one: bool(seen.append(one.step)))
    assert seen == [], "it was at the end"


def test_a_loss_that_is_no_number_says_what_to_do_and_nothing_is_learned_from_it(file: Path) -> None:
    model = small_model()
    one = trainer(PLAN, model)
    before: list[dict[str, mx.array]] = []

    def broken(_standing: Standing) -> bool:
        before.append(numbers(one))
        model.lm_head.weight[3] = float("nan")
        return True

    with pytest.raises(CannotTrain, match="the loss is no number at step 2: take lower learning rates"):
        one.run(Checkpoint(file, "k"), broken)
    assert same(numbers(one), before[-1])


def test_it_is_looked_at_once_before_the_first_step_and_learns_the_same(file: Path) -> None:
    looking, plain = growing(), growing()
    untrained = looking._validation()
    learned = looking.run(Checkpoint(file, "k"), going_on)
    assert learned.untrained == untrained > learned.loss
    plain._untrained = lambda _state: untrained  # type: ignore[method-assign]
    assert plain.run(Checkpoint(file.with_name("other"), "k"), going_on).losses == learned.losses
    assert same(numbers(plain), numbers(looking))


def test_a_validation_that_is_no_number_says_so_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = trainer(replace(PLAN, check=1))

    def to_nothing(parameters: dict[str, mx.array], *_: object) -> dict[str, mx.array]:
        return {name: mx.full(value.shape, float("nan")) for name, value in parameters.items()}

    monkeypatch.setattr(one._optimiser, "step", to_nothing)
    with pytest.raises(CannotTrain, match="the loss is no number at step 1"):
        one.run(Checkpoint(file, "k"), going_on)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[metal::malloc] Attempting to allocate 9 bytes which is greater than the maximum"),
        RuntimeError("[METAL] Command buffer execution failed: Insufficient Memory (kIOGPUCommandBuffer)"),
        RuntimeError("[malloc] Unable to allocate 8 bytes."),
    ],
)
def test_without_memory_it_says_what_takes_less(
    file: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = trainer(PLAN)

    def without(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(mx, "value_and_grad", without)
    with pytest.raises(CannotTrain, match=r"out of memory at step 1: take a smaller batch \(--batch\)"):
        one.run(Checkpoint(file, "k"), going_on)


def test_what_is_no_lack_of_memory_stays_what_it_is(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = trainer(PLAN)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(mx, "value_and_grad", broken)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        one.run(Checkpoint(file, "k"), going_on)


def test_nothing_to_learn_says_so() -> None:
    with pytest.raises(CannotTrain, match="nothing can be learned"):
        trainer(replace(PLAN, directions=0))


def test_four_batches_of_four_are_one_of_sixteen() -> None:
    large = gradients(growing(replace(PLAN, batch=16)))
    assert alike(large, gradients(growing(replace(PLAN, batch=4, accumulate=4))))


def test_checkpointing_gives_the_same_gradient_and_leaves_the_layers_as_they_were() -> None:
    plain, saving = gradients(growing()), growing(replace(PLAN, checkpointing=True))
    kind = type(saving._model.layers[0])
    before = kind.__call__
    with checkpointed(saving._model):
        assert kind.__call__ is not before
        found = gradients(saving)
    assert alike(found, plain)
    assert kind.__call__ is before


def test_what_begins_alike_is_read_once_with_the_same_loss_and_gradient() -> None:
    once, apart = growing(), growing()
    apart._share = False
    (shared,), (rows,) = (one._batched(samples(4)) for one in (once, apart))
    assert len(shared.shared) == 12
    assert len(rows.shared) == 0
    losses = [once._losses(shared)[0], apart._losses(rows)[0]]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert alike(gradients(once), gradients(apart))


def test_a_model_whose_head_cannot_be_told_apart_has_the_same_loss() -> None:
    usual = trainer(PLAN)

    class Odd(nn.Module):
        """All in one, as some of mlx-lm's models are."""

        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        @property
        def layers(self) -> Any:
            return self.inner.layers

        def __call__(self, tokens: Any, cache: Any = None) -> Any:
            return self.inner(tokens, cache=cache)

    odd = trainer(PLAN)
    from modes.training.mlx.loss import Loss

    odd._loss, odd._share = Loss(Odd(odd._model)), False
    assert not odd._loss.shares
    (batch,) = odd._batched(samples(4))
    assert odd._losses(batch)[0] == pytest.approx(usual._losses(batch)[0], rel=1e-6)


@pytest.mark.parametrize("dtype", [mx.float32, mx.bfloat16], ids=["f32", "bf16"])
def test_a_packed_base_stays_what_it_is_to_the_bit_while_adapters_in_float32_learn(
    file: Path, dtype: mx.Dtype
) -> None:
    plan, model = replace(PLAN, steps=30, check=15), small_model(packed=True, dtype=dtype)
    before = dict(tree_flatten(model.parameters()))
    shapes = {name: (32, 64) if "ffn" in name else (32, 32) for name in SHAPES}
    one = trainer(plan, model, seeded(shapes, 4, "base", 0).modules)
    assert {value.dtype for value in numbers(one).values()} == {mx.float32}
    learned = one.run(Checkpoint(file, "k"), going_on)
    assert learned.losses[-1][1] < learned.losses[0][1] - 0.2
    moved = (".body", ".base", ".linear")
    after = {
        name.replace(moved[0], "").replace(moved[1], "").replace(moved[2], ""): value
        for name, value in tree_flatten(model.parameters())
        if name.rpartition(".")[2] not in ("core", "lora_a", "lora_b")
    }
    assert same(after, before)
