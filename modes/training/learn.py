"""A mode from data: the base loaded, the samples encoded and divided, its coefficients learned."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from engine.lowrank import Basis, Subspace
from modes.share.change import Adapter, Change
from modes.share.exchange.base import BaseModel
from modes.training.base import load_base
from modes.training.checkpoint import Checkpoint
from modes.training.data import Sample, digest, divided
from modes.training.encoding import Encoder
from modes.training.layers import adapt
from modes.training.plan import Plan
from modes.training.trainer import Learned, Report, Trainer

_MADE_WITH = ("modeshare", "torch", "transformers", "numpy")


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned, and ``record``: everything that is needed to do it again, as JSON."""

    learned: Learned
    record: dict[str, Any]


def learn(
    model: Path,
    identity: str,
    samples: Sequence[Sample],
    plan: Plan,
    folder: Path,
    report: Report,
    basis: Basis | None = None,
    start: Adapter | None = None,
) -> Lesson:
    """Learn ``samples`` on the GGUF ``model`` (fingerprint ``identity``), in ``basis`` if there is one.

    ``start`` is an adapter to go on with, of no more directions than ``plan`` has: its factors begin alike in
    size. ``folder`` keeps the checkpoint until it is done. Raises `BadData`, `CannotTrain`, `Interrupted`.
    """
    key = plan.key(identity, digest(samples), _basis_key(basis), *_start_key(start))
    trained, kept = divided(samples, plan.seed)
    base = load_base(model, plan.targets, plan.precision, plan.checkpointing)
    encoder = Encoder(base.tokenizer, base.context)
    torch.manual_seed(plan.seed)
    about = BaseModel.of(model)
    shared, begun = _turned(about, basis, base.names), _begun(about, start, plan.directions)
    layers = adapt(base.model, base.names, shared, plan.directions, plan.scale, start=begun)
    trainer = Trainer(
        base, layers, plan, [encoder.encoded(one) for one in trained], [encoder.encoded(one) for one in kept]
    )
    checkpoint = Checkpoint(folder / "checkpoint.pt", key)
    found = trainer.run(checkpoint, report)
    by_layer = {base.names[name]: change for name, change in found.adapter.items()}
    learned = Learned(
        about.from_layers(by_layer), found.step, found.loss, found.losses, found.validation, found.seconds
    )
    record = {
        "plan": asdict(plan),
        "base": identity,
        "data": digest(samples),
        "samples": [len(trained), len(kept)],
        "made_with": {name: version(name) for name in _MADE_WITH},
        "device": str(base.device),
        "threads": torch.get_num_threads(),
        "kept_step": learned.step,
        "validation": learned.validation,
        "seconds": round(learned.seconds, 1),
    }
    checkpoint.remove()
    return Lesson(learned, record)


def _turned(about: BaseModel, basis: Basis | None, names: dict[str, str]) -> dict[str, Subspace]:
    """The subspaces with their rows in the order that Hugging Face's weights have."""
    if basis is None:
        return {}
    wanted = {name: one for name, one in basis.modules.items() if name in names}
    turned = about.to_layers({name: Change(_wide(one.up), _wide(one.down)) for name, one in wanted.items()})
    return {
        name: Subspace(turned[names[name]].left.astype("f4"), turned[names[name]].right.astype("f4"))
        for name in wanted
    }


def _wide(matrix: Any) -> Any:
    return matrix.astype("f8")


def _basis_key(basis: Basis | None) -> str:
    if basis is None:
        return ""
    found = hashlib.sha256(basis.base.encode())
    for name, one in basis.modules.items():
        found.update(name.encode() + one.up.tobytes() + one.down.tobytes())
    return found.hexdigest()


def _begun(about: BaseModel, start: Adapter | None, directions: int) -> dict[str, Change]:
    """The same for an adapter, with balanced factors."""
    turned = about.to_layers(start) if start else {}
    return {name: turned[about.layer_name(name)].truncated(directions) for name in start or {}}


def _start_key(start: Adapter | None) -> tuple[str, ...]:
    if start is None:
        return ()
    found = hashlib.sha256()
    for name, one in start.items():
        found.update(name.encode() + one.left.tobytes() + one.right.tobytes())
    return (found.hexdigest(),)
