"""What a step of training with torch takes on the starter: ``python -m benchmarks.steps`` (extra train).

Seconds on all cores, of 16 samples of each domain's own data: each in a padded row of its own, packed into
one sequence under a mask, and packed with every sample attending to itself; in float32 and in bf16.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.report import alternate, ratio, say, spread
from evidence.design import DOMAINS
from evidence.making import samples_of
from modes.training.attention import NAME
from modes.training.base import Base, load_base
from modes.training.data import divided
from modes.training.encoding import Encoder
from modes.training.hub import HubWording
from modes.training.layers import adapt
from modes.training.loop import State
from modes.training.plan import TARGETS, Plan
from modes.training.trainer import Trainer
from tui.core.models import starter_model

ROUNDS = 3
#: Whether samples are packed, and how the model attends.
WAYS = {"in padded rows": (False, "sdpa"), "packed, masked": (True, "sdpa"), "packed": (True, NAME)}


def main() -> None:
    """Print for each domain what each way takes, and its ratio to packed ones under a mask in float32."""
    model = starter_model()
    assert model is not None, "the extra [starter] is not installed"
    bases = {precision: _adapted(model, precision) for precision in ("f32", "bf16")}
    for domain in DOMAINS:
        runs = {
            f"{precision}, {way}": partial(_seconds, _trainer(base, domain, packs), attention)
            for precision, base in bases.items()
            for way, (packs, attention) in WAYS.items()
        }
        found = alternate(runs, ROUNDS)
        for name, seconds in found.items():
            say(f"{domain}, {name}: {spread(seconds, 's')}, {ratio(seconds, found['f32, packed, masked'])}")


def _adapted(model: Path, precision: str) -> tuple[Base, Any]:
    base = load_base(model, TARGETS, precision)
    return base, adapt(base.model, base.names, {}, Plan().directions, Plan().scale)


def _trainer(adapted: tuple[Base, Any], domain: str, packs: bool) -> Trainer:
    base, layers = adapted
    encoder = Encoder(HubWording(base.tokenizer), base.context)
    samples = [[encoder.encoded(one) for one in some] for some in divided(samples_of(domain), 0)]
    made = Trainer(base, layers, Plan(), *samples)
    made._packs = packs
    return made


def _seconds(trainer: Trainer, attention: str) -> float:
    """Of one step."""
    trainer._base.model.set_attn_implementation(attention)
    began = time.perf_counter()
    trainer._step(State())
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
