"""The loop of a training: steps, looks at validation, an end in time; interrupted it goes on from there.

It must not know what computes: torch and MLX each have a trainer that takes its steps.
"""

from __future__ import annotations

import contextlib
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from modes.share.change import Adapter, Change
from modes.training.encoding import Encoded, Order
from modes.training.endings import CannotTrain, Interrupted, within_memory
from modes.training.plan import Plan

#: What a trainer computes at once.
B = TypeVar("B")
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
    """The changes at the lowest validation loss, and how it came there (step and loss of each look).

    ``untrained`` is the validation loss before the first step; None where an older checkpoint lacks it.
    """

    adapter: Adapter
    step: int
    loss: float
    losses: tuple[tuple[int, float], ...]
    validation: tuple[tuple[int, float], ...]
    seconds: float
    untrained: float | None = None


Report = Callable[[Standing], bool]
"""Called after each step; returning False interrupts."""


@dataclass
class State:
    """Where training stands. ``best`` are the parameters of the lowest validation loss (nats a token).

    ``untrained`` is that loss before the first step. It is no look: what ends in time and which state is the
    best do not depend on it.
    """

    step: int = 0
    lowest: float = float("inf")
    best_step: int = 0
    best: dict[str, Any] = field(default_factory=dict)
    stale: int = 0
    seconds: float = 0.0
    losses: list[tuple[int, float]] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    untrained: float | None = None


class Keeping(Protocol):
    """A checkpoint, of parameters and optimiser as the trainer has them."""

    def save(self, state: State, parameters: Any, optimiser: Any) -> None:
        """Replace what was saved before. Raises `OSError`, and the earlier one stays."""

    def restore(self, parameters: Any, optimiser: Any) -> State | None:
        """Where the same work stood, with parameters and optimiser as they were; None when there is none."""


class Layer(Protocol):
    """A module that learns a change of its weight."""

    def change(self) -> Change:
        """ΔW as it is now."""


class Loop(ABC, Generic[B]):
    """Trains ``layers`` as ``plan`` says on what is already encoded; whoever takes the steps extends it.

    Raises `CannotTrain` when no layer has anything to learn.
    """

    #: What takes less memory, for whoever has too little.
    lighter = "take a smaller batch (--batch) with more --accumulate, --checkpointing, or --precision bf16"

    def __init__(
        self,
        layers: Mapping[str, Layer],
        parameters: dict[str, Any],
        plan: Plan,
        trained: Sequence[Encoded],
        kept: Sequence[Encoded],
    ) -> None:
        if not parameters:
            raise CannotTrain("nothing can be learned: no module has shared directions or new ones")
        self._layers, self._parameters, self._plan = layers, parameters, plan
        self._trained, self._kept = trained, kept
        self._order = Order([one.system for one in trained], plan.batch * plan.accumulate, plan.seed)
        self._optimiser: Any = None

    @abstractmethod
    def _batched(self, samples: Sequence[Encoded]) -> list[B]:
        """What computes the ``samples``, which have room together: a batch, or more of them."""

    @abstractmethod
    def _learn(self, batches: Sequence[B], count: int, factor: float) -> float:
        """One step at ``factor`` of the learning rates, on the mean over ``count`` tokens.

        The loss before it, summed over the tokens (nats); where that is no number nothing is changed.
        """

    @abstractmethod
    def _losses(self, batch: B) -> tuple[float, int]:
        """The loss of a batch, summed over its tokens (nats), and of how many; nothing is learned."""

    @abstractmethod
    def _copies(self) -> dict[str, Any]:
        """The parameters as they are now, whatever becomes of them."""

    @abstractmethod
    def _put(self, parameters: Mapping[str, Any]) -> None:
        """Take these parameters."""

    def run(self, checkpoint: Keeping, report: Report) -> Learned:
        """Train to the end, from the checkpoint if there is one.

        At the end it is saved once more, for whoever does not come to take in what was learned.

        Raises `Interrupted` with the checkpoint saved, `CannotTrain` without memory or with a loss that is no
        number.
        """
        state = checkpoint.restore(self._parameters, self._optimiser) or State()
        if state.step == 0:
            state.untrained = self._guarded(self._untrained, state)
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
                self._save(checkpoint, state)
                saved = time.monotonic()
        if state.step > first:
            self._save(checkpoint, state)
        return self._learned(state)

    def _save(self, checkpoint: Keeping, state: State) -> None:
        """Without room nothing ends: the next one may have some, and what is done is in memory."""
        with contextlib.suppress(OSError):
            checkpoint.save(state, self._parameters, self._optimiser)

    def _standing(self, state: State, pace: float) -> Standing:
        last = state.validation[-1][1] if state.validation else None
        remaining = pace * (self._plan.steps - state.step)
        return Standing(state.step, self._plan.steps, state.losses[-1][1], last, remaining)

    def _stop(self, checkpoint: Keeping, state: State) -> NoReturn:
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

    def _step(self, state: State) -> float:
        taken = [self._trained[at] for at in self._order.taken(state.step)]
        count = sum(len(one.tokens) - one.start for one in taken)
        total = self._learn(list(self._batches(taken)), count, self._plan.factor(state.step))
        if not math.isfinite(total):
            raise CannotTrain(f"the loss is no number at step {state.step + 1}: take lower learning rates")
        return total / count

    def _untrained(self, _state: State) -> float:
        found = self._validation()
        if not math.isfinite(found):
            raise CannotTrain(
                "the loss is no number before anything is learned: take another model, or --precision f32"
            )
        return found

    def _validation(self) -> float:
        """The loss of what is kept back, as the parameters are now; no random number is drawn for it."""
        sums = [self._losses(batch) for batch in self._batches(self._kept)]
        return sum(loss for loss, _ in sums) / sum(count for _, count in sums)

    def _look(self, state: State) -> float:
        found = self._validation()
        if not math.isfinite(found):
            raise CannotTrain(f"the loss is no number at step {state.step}: take lower learning rates")
        state.validation.append((state.step, found))
        state.stale += 1
        if found < state.lowest:
            state.lowest, state.best_step, state.stale = found, state.step, 0
            state.best = self._copies()
        return found

    def _batches(self, samples: Sequence[Encoded]) -> list[B]:
        # Alike in length together: what is padded is computed too.
        ordered, size = sorted(samples, key=lambda one: len(one.tokens)), self._plan.batch
        together = (ordered[at : at + size] for at in range(0, len(ordered), size))
        return [batch for samples in together for batch in self._batched(samples)]

    def _guarded(self, work: Callable[[State], float], state: State) -> float:
        with within_memory(f"at step {state.step + 1}", self.lighter):
            return work(state)

    def _learned(self, state: State) -> Learned:
        self._put(state.best)
        return Learned(
            {name: layer.change() for name, layer in self._layers.items()},
            state.best_step,
            state.lowest,
            tuple(state.losses),
            tuple(state.validation),
            state.seconds,
            state.untrained,
        )
