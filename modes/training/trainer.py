"""The loop: steps, looks at validation, an end in time; interrupted after any step it goes on from there."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import torch
from torch import nn

from modes.share.change import Adapter
from modes.training.base import Base
from modes.training.checkpoint import Checkpoint, State
from modes.training.encoding import Batch, Encoded, Order, batched
from modes.training.endings import CannotTrain, Interrupted
from modes.training.layers import Adapted
from modes.training.plan import Plan

#: Seconds between checkpoints.
_SAVE_EVERY = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How far training is. Losses are nats a token, ``remaining`` seconds until the last step."""

    step: int
    steps: int
    loss: float
    validation: float | None
    remaining: float


@dataclass(frozen=True, slots=True)
class Learned:
    """The changes at the lowest validation loss, and how it came there (step and loss of each look)."""

    adapter: Adapter
    step: int
    loss: float
    losses: tuple[tuple[int, float], ...]
    validation: tuple[tuple[int, float], ...]
    seconds: float


Report = Callable[[Standing], bool]
"""Called after each step; returning False interrupts."""


class Trainer:
    """Trains ``layers`` of ``base`` as ``plan`` says on what is already encoded.

    Raises `CannotTrain` when no layer has anything to learn.
    """

    def __init__(
        self,
        base: Base,
        layers: Mapping[str, Adapted],
        plan: Plan,
        trained: Sequence[Encoded],
        kept: Sequence[Encoded],
    ) -> None:
        self._base, self._layers, self._plan = base, layers, plan
        self._trained, self._kept = trained, kept
        self._share = not plan.checkpointing and not getattr(base.model.config, "sliding_window", None)
        self._parameters: dict[str, nn.Parameter] = {
            f"{name}.{part}": one
            for name, layer in layers.items()
            for part, one in layer.named_parameters(recurse=False)
        }
        if not self._parameters:
            raise CannotTrain("nothing can be learned: no module has shared directions or new ones")
        self._optimiser = torch.optim.AdamW(self._groups(), weight_decay=0.0)
        self._order = Order([one.system for one in trained], plan.batch * plan.accumulate, plan.seed)

    def run(self, checkpoint: Checkpoint, report: Report) -> Learned:
        """Train to the end, from the checkpoint if there is one.

        Raises `Interrupted` with the checkpoint saved, `CannotTrain` without memory or with a loss that is no
        number.
        """
        state = checkpoint.restore(self._parameters, self._optimiser) or State()
        began, saved, first, before = time.monotonic(), time.monotonic(), state.step, state.seconds
        while state.step < self._plan.steps and state.stale < self._plan.patience:
            loss = self._guarded(self._step, state)
            state.step += 1
            state.losses.append((state.step, loss))
            if state.step % self._plan.check == 0 or state.step == self._plan.steps:
                self._guarded(self._look, state)
            state.seconds = before + time.monotonic() - began
            if not report(self._standing(state, (time.monotonic() - began) / (state.step - first))):
                self._stop(checkpoint, state)
            if time.monotonic() - saved > _SAVE_EVERY:
                with contextlib.suppress(OSError):  # the next one may have room; a stop says so
                    checkpoint.save(state, self._parameters, self._optimiser)
                saved = time.monotonic()
        return self._learned(state)

    def _standing(self, state: State, pace: float) -> Standing:
        last = state.validation[-1][1] if state.validation else None
        remaining = pace * (self._plan.steps - state.step)
        return Standing(state.step, self._plan.steps, state.losses[-1][1], last, remaining)

    def _stop(self, checkpoint: Checkpoint, state: State) -> NoReturn:
        try:
            checkpoint.save(state, self._parameters, self._optimiser)
        except OSError as error:
            raise CannotTrain(
                f"training stopped after step {state.step:,}, and its checkpoint cannot be written "
                f"({error.strerror}): what was kept before, if anything, is what it goes on from"
            ) from error
        raise Interrupted(
            f"training stopped after step {state.step:,} of {self._plan.steps:,}, which is kept: "
            "the same command goes on from there"
        )

    def _groups(self) -> list[dict[str, object]]:
        cores = [one for name, one in self._parameters.items() if name.endswith(".core")]
        free = [one for name, one in self._parameters.items() if not name.endswith(".core")]
        rates = ((cores, self._plan.core_rate), (free, self._plan.rate))
        return [{"params": group, "lr": rate, "full": rate} for group, rate in rates if group]

    def _step(self, state: State) -> float:
        plan, step = self._plan, state.step
        for group in self._optimiser.param_groups:
            group["lr"] = group["full"] * plan.factor(step)
        taken = [self._trained[at] for at in self._order.taken(step)]
        # Alike in length together: what is padded is computed too.
        taken.sort(key=lambda one: len(one.tokens))
        count = sum(len(one.tokens) - one.start for one in taken)
        total = 0.0
        self._base.model.train()
        for at in range(0, len(taken), plan.batch):
            loss, _ = self._base.losses(self._batch(taken[at : at + plan.batch]))
            torch.autograd.backward(loss / count)
            total += float(loss.detach())
        if not math.isfinite(total):
            raise CannotTrain(f"the loss is no number at step {step + 1}: take lower learning rates")
        nn.utils.clip_grad_norm_(self._parameters.values(), 1.0)
        self._optimiser.step()
        self._optimiser.zero_grad()
        return total / count

    @torch.no_grad()
    def _look(self, state: State) -> float:
        self._base.model.eval()
        ordered = sorted(self._kept, key=lambda one: len(one.tokens))
        total, count = 0.0, 0
        for at in range(0, len(ordered), self._plan.batch):
            loss, tokens = self._base.losses(self._batch(ordered[at : at + self._plan.batch]))
            total, count = total + float(loss), count + tokens
        found = total / count
        if not math.isfinite(found):
            raise CannotTrain(f"the loss is no number at step {state.step}: take lower learning rates")
        state.validation.append((state.step, found))
        state.stale += 1
        if found < state.lowest:
            state.lowest, state.best_step, state.stale = found, state.step, 0
            state.best = {name: one.detach().clone() for name, one in self._parameters.items()}
        return found

    def _batch(self, samples: Sequence[Encoded]) -> Batch:
        padding = self._base.tokenizer.pad_token_id
        return batched(samples, 0 if padding is None else padding, self._share)

    def _guarded(self, work: Callable[[State], float], state: State) -> float:
        try:
            return work(state)
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "alloc" not in str(error) and "memory" not in str(error):
                raise
            raise CannotTrain(
                f"out of memory at step {state.step + 1}: take a smaller batch (--batch) with more "
                "--accumulate, --checkpointing, or --precision bf16"
            ) from error

    @torch.no_grad()
    def _learned(self, state: State) -> Learned:
        for name, one in self._parameters.items():
            one.copy_(state.best[name])
        return Learned(
            {name: layer.change() for name, layer in self._layers.items()},
            state.best_step,
            state.lowest,
            tuple(state.losses),
            tuple(state.validation),
            state.seconds,
        )
