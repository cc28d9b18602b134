"""One lesson with torch: samples encoded and divided, their coefficients learned on a GGUF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from engine.lowrank import Basis, Subspace
from modes.share.change import Adapter, Change
from modes.share.exchange.base import BaseModel
from modes.training.base import Base, fitted, lighter_base, load_base
from modes.training.checkpoint import Checkpoint
from modes.training.data import Sample, divided
from modes.training.encoding import Encoder
from modes.training.endings import within_memory
from modes.training.hub import HubWording
from modes.training.keeping import Place
from modes.training.layers import adapt
from modes.training.lesson import Lesson, Work
from modes.training.loop import Report
from modes.training.plan import Plan
from modes.training.trainer import Trainer

_MADE_WITH = ("modeshare", "torch", "transformers", "numpy")


def learn(
    model: Path,
    identity: str,
    samples: Sequence[Sample],
    plan: Plan,
    place: Place,
    report: Report,
    begun: Basis | Adapter | None = None,
) -> Lesson:
    """Learn ``samples`` on the GGUF ``model`` (fingerprint ``identity``).

    What is ``begun`` is a basis to learn in, or an adapter to go on with, of no more directions than ``plan``
    has: its factors begin alike in size. The checkpoint stays in its ``place``, of what is done too, until
    whoever has taken that in removes it. Raises `BadData`, `CannotTrain`, `Interrupted`.
    """
    plan = fitted(plan)
    work, about = Work(plan, identity, samples, begun), BaseModel.of(model)
    key = work.key()
    trained, kept = divided(samples, plan.seed)
    with within_memory(f"while {model.name} is read", lighter_base(plan.precision)):
        base = load_base(model, plan.targets, plan.precision, plan.checkpointing)
        trainer = _trainer(base, about, work, (trained, kept))
    checkpoint = Checkpoint(place.file(key, ".pt"), key, place.say)
    found = trainer.run(checkpoint, report)
    by_layer = {base.names[name]: change for name, change in found.adapter.items()}
    learned = replace(found, adapter=about.from_layers(by_layer))
    where = {"device": str(base.device), "threads": torch.get_num_threads()}
    record = work.record(learned, (len(trained), len(kept)), _MADE_WITH, where)
    return Lesson(learned, record)


def _trainer(
    base: Base, about: BaseModel, work: Work, apart: tuple[Sequence[Sample], Sequence[Sample]]
) -> Trainer:
    """Of the adapted base, with the samples ``apart`` for training and validation."""
    plan, encoder = work.plan, Encoder(HubWording(base.tokenizer), base.context)
    torch.manual_seed(plan.seed)
    shared = _turned(about, work.basis, base.names)
    factors = _balanced(about, work.start, plan.directions)
    layers = adapt(base.model, base.names, shared, plan.directions, plan.scale, start=factors)
    trained, kept = ([encoder.encoded(one) for one in some] for some in apart)
    return Trainer(base, layers, plan, trained, kept)


def _turned(about: BaseModel, basis: Basis | None, names: Mapping[str, str]) -> dict[str, Subspace]:
    """The subspaces with their rows in the order that Hugging Face's weights have."""
    wanted = {name: one for name, one in basis.modules.items() if name in names} if basis else {}
    if not wanted:  # other modules may be trained than those that are shared
        return {}
    turned = about.to_layers({name: Change(_wide(one.up), _wide(one.down)) for name, one in wanted.items()})
    return {
        name: Subspace(turned[names[name]].left.astype("f4"), turned[names[name]].right.astype("f4"))
        for name in wanted
    }


def _wide(matrix: Any) -> Any:
    return matrix.astype("f8")


def _balanced(about: BaseModel, start: Adapter | None, directions: int) -> dict[str, Change]:
    """The same for an adapter, with balanced factors."""
    turned = about.to_layers(start) if start else {}
    return {name: turned[about.layer_name(name)].truncated(directions) for name in start or {}}
