"""Training learns, ends in time, and goes on from where it was interrupted as if it had not been."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from modes.training import loop as module
from modes.training.checkpoint import Checkpoint
from modes.training.encoding import Batch
from modes.training.endings import CannotTrain, Interrupted
from modes.training.keeping import Place
from modes.training.loop import Standing, State
from modes.training.packing import Packed, packed, parted
from modes.training.plan import Plan
from modes.training.trainer import Trainer
from tests.modes.training.small import PREFIX, samples, small_base, trainer

PLAN = Plan(directions=2, steps=12, batch=4, check=4, rate=2e-2, patience=9)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "here" / "checkpoint.pt"


def going_on(_standing: Standing) -> bool:
    return True


def until(step: int) -> Callable[[Standing], bool]:
    return lambda standing: standing.step < step


def parameters(one: Trainer) -> dict[str, torch.Tensor]:
    return {name: found.detach().clone() for name, found in one._parameters.items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def gradients(one: Trainer) -> dict[str, torch.Tensor]:
    """Of the first step, before the optimiser takes them."""
    found: dict[str, torch.Tensor] = {}
    one._optimiser.step = lambda: found.update(
        {name: each.grad.clone() for name, each in one._parameters.items() if each.grad is not None}
    )
    one._step(State())
    return found


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
    assert learned.loss == min(loss for _, loss in learned.validation)
    with torch.no_grad():
        found = one._look(State())
    assert found == pytest.approx(learned.loss, rel=1e-6), "what is given back is the best, not the last"


@pytest.mark.parametrize("stop", [1, 3, 4, 11, 12])
def test_interrupted_and_gone_on_with_it_comes_to_the_same(file: Path, stop: int) -> None:
    whole = trainer(PLAN)
    learned = whole.run(Checkpoint(file.with_name("other"), "k"), going_on)
    with pytest.raises(Interrupted, match=f"stopped after step {stop} of 12, which is kept"):
        trainer(PLAN).run(Checkpoint(file, "k"), until(stop))
    later = trainer(PLAN)
    resumed = later.run(Checkpoint(file, "k"), going_on)
    assert same(parameters(whole), parameters(later))
    assert resumed.losses == learned.losses
    assert resumed.validation == learned.validation
    assert (resumed.step, resumed.loss) == (learned.step, learned.loss)


def test_stopped_many_times_it_comes_to_the_same(file: Path) -> None:
    whole = trainer(PLAN)
    whole.run(Checkpoint(file.with_name("other"), "k"), going_on)
    for stop in range(2, 12, 3):
        with pytest.raises(Interrupted):
            trainer(PLAN).run(Checkpoint(file, "k"), until(stop))
    later = trainer(PLAN)
    later.run(Checkpoint(file, "k"), going_on)
    assert same(parameters(whole), parameters(later))


def stopped(file: Path, at: int = 5) -> bytes:
    with pytest.raises(Interrupted):
        trainer(PLAN).run(Checkpoint(file, "k"), until(at))
    return file.read_bytes()


@pytest.mark.parametrize("damage", ["short", "empty", "turned", "text", "foreign", "folder"])
def test_a_damaged_checkpoint_is_begun_anew(file: Path, damage: str) -> None:
    kept = stopped(file)
    if damage == "folder":
        file.unlink()
        file.mkdir()
    elif damage == "foreign":
        torch.save([1, 2], file)
    else:
        middle = len(kept) // 2
        turned = (
            kept[:middle] + bytes(255 - byte for byte in kept[middle : middle + 4000]) + kept[middle + 4000 :]
        )
        damaged = {"short": kept[:middle], "empty": b"", "turned": turned, "text": b"hello"}
        file.write_bytes(damaged[damage])
    seen: list[int] = []
    said: list[str] = []
    with pytest.raises((Interrupted, CannotTrain)):
        trainer(PLAN).run(Checkpoint(file, "k", said.append), lambda one: bool(seen.append(one.step)))
    assert seen == [1]
    assert said == [f"begins anew: {file} is damaged or cannot be read"]


def test_the_checkpoint_of_other_work_is_not_taken(file: Path) -> None:
    kept = stopped(file)
    seen: list[int] = []
    said: list[str] = []
    mine = Place(file.parent).file("other", ".pt")
    with pytest.raises(Interrupted):
        trainer(PLAN).run(Checkpoint(mine, "other", said.append), lambda one: bool(seen.append(one.step)))
    assert seen == [1]
    assert file.read_bytes() == kept
    assert said == [
        "begins anew: the data, the plan or the subspace is another than that of what was stopped "
        f"(step 5 is kept in {file})"
    ]


def test_a_checkpoint_of_this_work_is_gone_on_with_whatever_its_file_is_called(file: Path) -> None:
    stopped(file)  # as files were called when a mode had one alone
    said: list[str] = []
    seen: list[int] = []
    mine = Place(file.parent).file("k", ".pt")
    trainer(PLAN).run(Checkpoint(mine, "k", said.append), lambda one: seen.append(one.step) or True)
    assert seen[0] == 6
    assert said == [f"goes on from step 5 ({file})"]


def test_a_checkpoint_that_cannot_be_written_leaves_the_earlier_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = stopped(file)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        CannotTrain, match=r"stopped after step 7, and its checkpoint cannot be written \(No space"
    ):
        trainer(PLAN).run(Checkpoint(file, "k"), until(7))
    assert file.read_bytes() == kept
    assert [one.name for one in file.parent.iterdir()] == ["checkpoint.pt"]


def test_a_full_disk_does_not_end_what_nobody_stopped(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SAVE_EVERY", -1.0)
    file.parent.parent.joinpath("here").write_text("a file where the folder has to be")
    learned = trainer(PLAN).run(Checkpoint(file, "k"), going_on)
    assert len(learned.losses) == 12


def test_it_is_saved_while_nobody_stops_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SAVE_EVERY", -1.0)
    trainer(PLAN).run(Checkpoint(file, "k"), going_on)
    assert file.stat().st_mode & 0o777 == 0o600
    seen: list[int] = []
    trainer(PLAN).run(Checkpoint(file, "k"), lambda one: bool(seen.append(one.step)))
    assert seen == [], "it was at the end"


def test_a_loss_that_is_no_number_says_what_to_do(file: Path) -> None:
    base = small_base()

    def broken(_standing: Standing) -> bool:
        with torch.no_grad():
            base.model.lm_head.weight[3] = float("nan")
        return True

    with pytest.raises(CannotTrain, match="the loss is no number at step 2: take lower learning rates"):
        trainer(PLAN, base).run(Checkpoint(file, "k"), broken)


def test_a_base_whose_loss_is_no_number_is_not_trained(file: Path) -> None:
    base = small_base()
    with torch.no_grad():
        base.model.lm_head.weight[3] = float("nan")
    with pytest.raises(CannotTrain, match="no number before anything is learned: take another model"):
        trainer(PLAN, base).run(Checkpoint(file, "k"), going_on)


def test_it_is_looked_at_once_before_the_first_step_and_learns_the_same(file: Path) -> None:
    looking = trainer(PLAN)
    untrained = looking._validation()
    learned = looking.run(Checkpoint(file, "k"), going_on)
    assert learned.untrained == untrained > learned.loss
    assert [step for step, _ in learned.validation] == [4, 8, 12]

    plain = trainer(PLAN)
    plain._untrained = lambda _state: untrained  # type: ignore[method-assign]
    assert plain.run(Checkpoint(file.with_name("other"), "k"), going_on).losses == learned.losses
    assert same(parameters(plain), parameters(looking))


def test_gone_on_with_it_is_not_looked_at_again(file: Path) -> None:
    stopped(file)
    later = trainer(PLAN)
    later._untrained = None  # type: ignore[assignment,method-assign]
    learned = later.run(Checkpoint(file, "k"), going_on)
    assert learned.untrained == trainer(PLAN)._validation()


def test_a_validation_that_is_no_number_says_so_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = trainer(replace(PLAN, check=1))
    taken = one._optimiser.step

    def to_nothing() -> None:
        taken()
        with torch.no_grad():
            next(iter(one._parameters.values())).fill_(float("nan"))

    monkeypatch.setattr(one._optimiser, "step", to_nothing)
    with pytest.raises(CannotTrain, match="the loss is no number at step 1"):
        one.run(Checkpoint(file, "k"), going_on)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_without_memory_it_says_what_takes_less(
    file: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = trainer(PLAN)

    def without(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(nn.functional, "cross_entropy", without)
    with pytest.raises(CannotTrain, match=r"out of memory at step 1: take a smaller batch \(--batch\)"):
        one.run(Checkpoint(file, "k"), going_on)


def test_what_is_no_lack_of_memory_stays_what_it_is(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = trainer(PLAN)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(nn.functional, "cross_entropy", broken)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        one.run(Checkpoint(file, "k"), going_on)


def test_nothing_to_learn_says_so() -> None:
    with pytest.raises(CannotTrain, match="nothing can be learned"):
        trainer(replace(PLAN, directions=0))


def test_four_batches_of_four_are_one_of_sixteen() -> None:
    large = gradients(trainer(replace(PLAN, batch=16)))
    small = gradients(trainer(replace(PLAN, batch=4, accumulate=4)))
    assert large.keys() == small.keys()
    for name, gradient in large.items():
        assert torch.allclose(gradient, small[name], atol=1e-6), name


def test_checkpointing_gives_the_same_gradient() -> None:
    plain = gradients(trainer(PLAN))
    saving = replace(PLAN, checkpointing=True)
    for name, gradient in gradients(trainer(saving, small_base(checkpointing=True))).items():
        assert torch.allclose(gradient, plain[name], atol=1e-6), name


@pytest.mark.parametrize("sparse", [True, False])
def test_packed_the_loss_and_the_gradient_are_those_of_padded_rows(
    sparse: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Packed, "sparse", sparse)
    once, apart = trainer(PLAN), trainer(PLAN)
    assert once._packs
    apart._packs = False
    (rows,), (sequence,) = (one._batched(samples(4)) for one in (apart, once))
    assert isinstance(rows, Batch)
    assert isinstance(sequence, Packed)
    assert len(sequence.tokens) == rows.mask.sum() - 3 * len(PREFIX), "the prefix once, and no padding"
    losses = [once._base.losses(one)[0].detach() for one in (sequence, rows)]
    assert float(losses[0]) == pytest.approx(float(losses[1]), rel=1e-5)
    first, second = gradients(once), gradients(apart)
    for name, gradient in first.items():
        assert torch.allclose(gradient, second[name], atol=1e-6), name


def test_many_tokens_are_taken_in_parts_with_the_same_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, sparing = trainer(replace(PLAN, batch=16)), trainer(replace(PLAN, batch=16))
    monkeypatch.setattr(sparing, "_batched", lambda some: [packed(part) for part in parted(some, 50)])
    assert len(sparing._batched(samples(16))) > 1
    first, second = gradients(whole), gradients(sparing)
    for name, gradient in first.items():
        assert torch.allclose(gradient, second[name], atol=1e-6), name


def test_half_precision_learns(file: Path) -> None:
    plan = replace(PLAN, precision="bf16", steps=30, check=15)
    learned = trainer(plan, small_base(torch.bfloat16)).run(Checkpoint(file, "k"), going_on)
    assert learned.losses[-1][1] < learned.losses[0][1] - 0.3
