"""One lesson with MLX: samples encoded and divided, their coefficients learned on the model that will run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.lowrank import Basis
from engine.mlx.library import mx
from modes.share.change import Adapter
from modes.training.data import Sample, divided
from modes.training.encoding import Encoder
from modes.training.endings import within_memory
from modes.training.keeping import Place
from modes.training.lesson import Lesson, Work
from modes.training.loop import Learned, Report
from modes.training.mlx.base import LIGHTER, Base, load_base
from modes.training.mlx.checkpoint import Checkpoint
from modes.training.mlx.layers import adapt, checkpointed
from modes.training.mlx.trainer import Trainer
from modes.training.plan import Plan

_MADE_WITH = ("modeshare", "mlx", "mlx-lm", "numpy")


def learn(
    model: Path,
    identity: str,
    samples: Sequence[Sample],
    plan: Plan,
    place: Place,
    report: Report,
    begun: Basis | Adapter | None = None,
) -> Lesson:
    """Learn ``samples`` on the MLX directory or GGUF ``model``; see `modes.training.learn.learn`.

    Raises `ModelUnusable` too.
    """
    if plan.precision == "fit":
        plan = replace(plan, precision="kept")
    work = Work(plan, identity, samples, begun)
    trained, kept = divided(samples, plan.seed)
    with within_memory(f"while {model.name} is read", LIGHTER):
        base = load_base(model, plan.targets, plan.precision)
    try:
        key = work.key("mlx")
        checkpoint = Checkpoint(place.file(key, ".safetensors"), key, place.say)
        learned = _learned(base, work, (trained, kept), checkpoint, report)
    finally:
        base.close()
    where: dict[str, Any] = {"device": base.device, "threads": None}  # MLX has no number of them to tell
    record = work.record(learned, (len(trained), len(kept)), _MADE_WITH, where)
    return Lesson(learned, record)


def _learned(
    base: Base,
    work: Work,
    apart: tuple[Sequence[Sample], Sequence[Sample]],
    checkpoint: Checkpoint,
    report: Report,
) -> Learned:
    plan, model, encoder = work.plan, base.loaded.model, Encoder(base.wording, base.context)
    trained, kept = ([encoder.encoded(one) for one in some] for some in apart)
    mx.random.seed(plan.seed)
    subspaces = {} if work.basis is None else work.basis.modules
    start = {name: one.truncated(plan.directions) for name, one in (work.start or {}).items()}
    with within_memory("while the modules are adapted", LIGHTER):
        layers = adapt(model, base.modules, subspaces, plan.directions, plan.scale, start)
    trainer = Trainer(model, layers, plan, trained, kept)
    with checkpointed(model) if plan.checkpointing else nullcontext():
        return trainer.run(checkpoint, report)
