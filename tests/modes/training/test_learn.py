"""From data to a mode that the engine speaks in, on the starter model itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.contract import Message
from engine.llama.engine import LlamaEngine
from engine.lowrank import Basis
from modes.share.change import Change
from modes.share.exchange.base import BaseModel
from modes.share.library import Library, Shelved
from modes.share.subspace import project, seeded
from modes.share.taking import take
from modes.training.base import load_base
from modes.training.data import Sample
from modes.training.encoding import Encoder, batched
from modes.training.endings import Interrupted
from modes.training.layers import adapt
from modes.training.learn import learn
from modes.training.plan import Plan

pytestmark = [pytest.mark.model, pytest.mark.xdist_group("training")]

SAMPLES = [
    Sample((Message("user", f"What is the pass word of gate {at}?"),), f"Zebra {at * 7}.", "here")
    for at in range(1, 6)
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def likelihood(engine: LlamaEngine, sample: Sample, scales: tuple[tuple[str, float], ...] = ()) -> float:
    prompt = engine._template.render(sample.messages)
    [found] = engine.score(prompt, [sample.answer], scales)
    return sum(found)


def test_what_was_learned_is_likelier_in_the_engine_than_before(
    starter: Path, starter_engine: LlamaEngine, tmp_path: Path
) -> None:
    identity = starter_engine.fingerprint() or ""
    plan = Plan(directions=2, steps=8, batch=4, check=8, rate=5e-3)
    with pytest.raises(Interrupted):
        learn(starter, identity, SAMPLES, plan, tmp_path, lambda one: one.step < 2)
    lesson = learn(starter, identity, SAMPLES, plan, tmp_path, lambda _one: True)
    assert list(tmp_path.iterdir()) == [], "no checkpoint is left of what is done"
    assert [step for step, _ in lesson.learned.losses] == list(range(1, 9))
    assert lesson.record["base"] == identity
    assert lesson.record["samples"] == [4, 1]
    assert set(lesson.record["made_with"]) == {"modeshare", "torch", "transformers", "numpy"}
    library = Library(tmp_path / "subspace")
    empty = Shelved(Basis({}, identity), {})
    taken = take(library, empty, "zebra", lesson.learned.adapter, {"trained": lesson.record})
    assert taken.error < 1e-3
    shelved = library.load()
    assert shelved.notes["trained"]["zebra"]["validation"]
    starter_engine.install("zebra", shelved.basis, shelved.modes["zebra"])
    try:
        gains = [
            likelihood(starter_engine, one, (("zebra", 1.0),)) - likelihood(starter_engine, one)
            for one in SAMPLES
        ]
    finally:
        starter_engine.remove("zebra")
    assert min(gains) > 1.0


def test_torch_and_the_engine_agree_on_permuted_projections(
    starter: Path, starter_engine: LlamaEngine
) -> None:
    """Queries and keys are kept in another order of rows in a GGUF."""
    about = BaseModel.of(starter)
    shapes = {name: about.shapes[name] for name in about.shapes if name.split(".")[2] in ("attn_q", "attn_k")}
    basis = seeded(shapes, 4, starter_engine.fingerprint() or "", 0)
    rng = np.random.default_rng(0)
    adapter = {
        name: Change(one.up @ rng.standard_normal((4, 4)) * 3, one.down.astype("f8"))
        for name, one in basis.modules.items()
    }
    base = load_base(starter, ("attn_q", "attn_k"), "f32")
    encoded = Encoder(base.tokenizer, base.context).encoded(SAMPLES[0])
    batch = batched([encoded], 0, share=False)
    with torch.no_grad():
        plain = -float(base.losses(batch)[0])
        for name, layer in adapt(base.model, base.names, {}, 4, 1.0).items():
            turned = about.to_layers({name: adapter[name]})[base.names[name]]
            assert layer.a is not None
            assert layer.b is not None
            layer.b.copy_(torch.tensor(turned.left))
            layer.a.copy_(torch.tensor(turned.right.T))
        changed = -float(base.losses(batch)[0])
    starter_engine.install("turned", basis, project(basis, adapter)[0])
    prompt = starter_engine._template.render(SAMPLES[0].messages)
    answer = SAMPLES[0].answer
    try:
        [[*before]] = [starter_engine.score(prompt, [answer])[0]]
        [[*after]] = [starter_engine.score(prompt, [answer], (("turned", 1.0),))[0]]
    finally:
        starter_engine.remove("turned")
    # The engine scores the answer alone, torch its end token too.
    assert abs((changed - plain) - (sum(after) - sum(before))) < 0.35 * abs(changed - plain) + 1.0
    assert abs(changed - plain) > 2.0
