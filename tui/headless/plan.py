"""The figures of `tui plan`: what was ordered, and all that is asked of it, computed when it is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from engine.plan.fit import nearest
from engine.plan.model import Planned, read
from engine.plan.need import KvKind, Need, Settings, modes_bytes, need, subspace_bytes
from engine.plan.questions import Answer, answers, made_free
from engine.plan.shape import Unplannable

#: Tokens when none are asked for, or as many as the model was trained on.
_CONTEXT = 32_768
#: What the machine is called that the plan is for.
HERE = "this one"


@dataclass(frozen=True)
class Order:
    """What is to be planned; ``machines`` are others by name, in bytes. None leaves it to the plan."""

    model: Path
    memory: int
    slots: int
    context: int | None
    kv: KvKind
    batch: int
    flash_attention: bool | None
    window_only: bool
    cpu: bool
    weights: str | None
    modes: int
    directions: int
    machines: Mapping[str, int]
    replaced: tuple[Path, ...]


class Plan:
    """The figures of an order. Raises `Unplannable`."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.model = read(order.model, order.weights)
        self.copies = _copies(self.model) if order.cpu else 0
        trained = self.model.shape.trained
        flash = order.flash_attention
        self.asked = Settings(
            context=order.context or min(trained or _CONTEXT, _CONTEXT),
            slots=order.slots,
            batch=order.batch,
            flash=flash if flash is not None else not order.cpu or order.kv != "f16",
            kv=order.kv,
            window_only=order.window_only,
        )
        # What each model that is replaced takes with one answer of the same context.
        one, replaced = self.asked.but(slots=1), (read(path) for path in order.replaced)
        self.replaced = [(model.name, need(model.shape, one, model.weights).total) for model in replaced]

    def need(self, settings: Settings) -> Need:
        shape, order = self.model.shape, self.order
        held = modes_bytes(shape, order.directions, order.modes)
        return need(shape, settings, self.model.weights, self.copies, held)

    def total(self, settings: Settings) -> int:
        return self.need(settings).total

    @cached_property
    def answer(self) -> Answer:
        """What was asked for."""
        return Answer(self.asked, self.total(self.asked), self.order.memory)

    @cached_property
    def instead(self) -> list[Settings]:
        """What fits when that does not."""
        return [] if self.answer.fits else nearest(self.total, self.asked, self.order.memory)

    @cached_property
    def questions(self) -> list[tuple[Answer, ...]]:
        found = answers(self.total, self.asked, self.order.memory, self.model.shape.trained)
        return list(found)

    @cached_property
    def kept(self) -> int:
        """Bytes of the modes on disk."""
        return subspace_bytes(self.model.shape, self.order.directions, self.order.modes)

    @cached_property
    def free(self) -> dict[str, tuple[str, ...]]:
        """By the machine that could hold this: those that become free."""
        return made_free(self.answer.total, {HERE: self.order.memory, **self.order.machines})


def _copies(model: Planned) -> int:
    from engine.llama.library import amx_build, system_info
    from engine.llama.repacking import rearranged_bytes

    if model.header is None:
        raise Unplannable("which weights a CPU holds twice is known of a GGUF file only: leave out --cpu")
    return 0 if amx_build() else rearranged_bytes(model.header, system_info())
