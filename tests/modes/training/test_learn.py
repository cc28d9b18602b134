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
from modes.training.base import fitted, load_base
from modes.training.data import Sample
from modes.training.encoding import Encoder, batched
from modes.training.endings import Interrupted
from modes.training.hub import HubWording
from modes.training.keeping import Place
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


def never(_standing: object) -> bool:
    raise AssertionError("a step was trained")


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
        learn(starter, identity, SAMPLES, plan, Place(tmp_path), lambda one: one.step < 2)
    lesson = learn(starter, identity, SAMPLES, plan, Place(tmp_path), lambda _one: True)
    assert len(list(tmp_path.iterdir())) == 1, "one checkpoint, until what was learned is taken in"
    again = learn(starter, identity, SAMPLES, plan, Place(tmp_path), never)
    for name, change in again.learned.adapter.items():
        assert np.array_equal(change.left, lesson.learned.adapter[name].left)
    assert [step for step, _ in lesson.learned.losses] == list(range(1, 9))
    assert lesson.record["plan"]["precision"] == fitted(plan).precision, "what is on record is what it was"
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
    sample = Sample(
        (Message("user", "What is a zebra?"),), "A striped animal of the plains of Africa.", "here"
    )
    rng = np.random.default_rng(0)
    adapter = {
        name: Change(one.up @ rng.standard_normal((4, 4)) * 9, one.down.astype("f8"))
        for name, one in basis.modules.items()
    }
    base = load_base(starter, ("attn_q", "attn_k"), "f32")
    batch = batched([Encoder(HubWording(base.tokenizer), base.context).encoded(sample)], 0, share=False)
    batch.labels[0, -1] = -100  # its end, which the engine is not asked for
    layers = adapt(base.model, base.names, {}, 4, 1.0)

    def likelihood(turned: bool | None) -> float:
        with torch.no_grad():
            for name, layer in layers.items():
                assert layer.a is not None
                assert layer.b is not None
                theirs = about.to_layers({name: adapter[name]})[base.names[name]] if turned else adapter[name]
                layer.b.copy_(torch.tensor(theirs.left) * (turned is not None))
                layer.a.copy_(torch.tensor(theirs.right.T))
            return -float(base.losses(batch)[0])

    turned, mistaken = (likelihood(how) - likelihood(None) for how in (True, False))
    starter_engine.install("turned", basis, project(basis, adapter)[0])
    try:
        before, after = (
            sum(starter_engine.score(sample.messages, [sample.answer], scales)[0])
            for scales in ((), (("turned", 1.0),))
        )
    finally:
        starter_engine.remove("turned")
    # Seen: -5.3 in torch and -4.5 in the engine, which rounds activations; -21.2 with the rows as they are.
    assert after - before == pytest.approx(turned, rel=0.3)
    assert abs(mistaken - turned) > 3 * abs(after - before - turned)
