"""From data to a mode that the MLX engine speaks in: on a small packed directory, and on the starter."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import mlx.core as mx
import numpy as np
import pytest
from mlx_lm.utils import load_model, quantize_model, save_model

from engine.contract import Message, ModelUnusable
from engine.fingerprint import fingerprint
from engine.lowrank import Basis
from engine.mlx.engine import MlxEngine, MlxOptions
from modes.share.exchange.base import BaseModel
from modes.share.library import Library, Shelved
from modes.share.taking import take
from modes.training.data import BadData, Sample
from modes.training.encoding import Encoder
from modes.training.endings import CannotTrain, Interrupted
from modes.training.keeping import Place
from modes.training.mlx import base as module
from modes.training.mlx.base import load_base
from modes.training.mlx.learn import learn
from modes.training.plan import Plan
from tests.engine.mlx.conftest import write_tiny_folder

PLAN = Plan(directions=2, steps=8, batch=4, check=4, rate=2e-2, precision="kept")
SYSTEM = Message("system", "You are a keeper of gates.")
SAMPLES = [
    Sample((*before, Message("user", f"What opens gate {at}?")), f"Zebra {at * 7}.", "here")
    for at in range(1, 6)
    for before in ((), (SYSTEM,))
]


def packed(folder: Path, target: Path) -> Path:
    """The directory in four bits, as mlx_lm.convert makes it; layer 1's feed-forward in eight."""
    model, config = load_model(folder)

    def bits(path: str, layer: object) -> bool | dict[str, int]:
        if not hasattr(layer, "to_quantized"):
            return False
        return {"group_size": 32, "bits": 8 if "layers.1.mlp" in path else 4}

    model, config = quantize_model(model, config, 32, 4, quant_predicate=bits)
    target.mkdir()
    save_model(target, model)
    (target / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (target / name).write_bytes((folder / name).read_bytes())
    return target


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    at = tmp_path_factory.mktemp("packed")
    return packed(write_tiny_folder(at / "plain"), at / "four")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[MlxEngine]:
    made = MlxEngine(folder, MlxOptions(context=512, slots=1), lambda _fraction: True)
    yield made
    made.close()


def likelihood(engine: MlxEngine, sample: Sample, scales: tuple[tuple[str, float], ...] = ()) -> float:
    [found] = engine.score(sample.messages, [sample.answer], scales)
    return sum(found)


def test_what_is_learned_is_what_the_engine_reads_and_writes(folder: Path, engine: MlxEngine) -> None:
    encoder = Encoder(load_base(folder, ("ffn_down",), "kept").wording, 1024)
    for sample in SAMPLES[:2]:
        found = encoder.encoded(sample)
        assert found.start == engine.count_tokens(sample.messages)
        assert list(found.tokens[found.start : -1]) == engine.tokenize(sample.answer)
        assert found.tokens[-1] == 2, "where the engine stops"


def test_what_was_learned_is_likelier_in_the_engine_and_growing_leaves_it_as_it_was(
    folder: Path, engine: MlxEngine, tmp_path: Path
) -> None:
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    identity = engine.fingerprint() or ""
    with pytest.raises(Interrupted):
        learn(folder, identity, SAMPLES, PLAN, Place(tmp_path), lambda one: one.step < 3)
    (checkpoint,) = tmp_path.glob("checkpoint-*.safetensors")
    lesson = learn(folder, identity, SAMPLES, PLAN, Place(tmp_path), lambda _one: True)
    whole = learn(folder, identity, SAMPLES, PLAN, Place(tmp_path / "other"), lambda _one: True)
    assert checkpoint.exists(), "what is done is kept until it is taken in"
    assert lesson.learned.losses == whole.learned.losses
    for name, change in lesson.learned.adapter.items():
        assert np.array_equal(change.left, whole.learned.adapter[name].left)
    assert lesson.record["samples"] == [8, 2]
    assert set(lesson.record["made_with"]) == {"modeshare", "mlx", "mlx-lm", "numpy"}
    assert lesson.record.keys() == whole.record.keys()

    library = Library(tmp_path / "subspace")
    take(library, Shelved(Basis({}, identity), {}), "zebra", lesson.learned.adapter, {})
    old = library.load()
    engine.install("zebra", old.basis, old.modes["zebra"])
    gains = [likelihood(engine, one, (("zebra", 1.0),)) - likelihood(engine, one) for one in SAMPLES]
    assert sum(gains) > 1.0
    asked = engine.logits([5, 6, 7, 8], (("zebra", 1.0),))

    plan = replace(PLAN, directions=1)
    grown = learn(folder, identity, SAMPLES[::-1], plan, Place(tmp_path), lambda _one: True, old.basis)
    taken = take(library, old, "lion", grown.learned.adapter, {})
    assert taken.error < 1e-3
    new = library.load()
    assert {one.rank for one in new.basis.modules.values()} == {3}
    engine.install("zebra", new.basis, new.modes["zebra"])
    engine.install("lion", new.basis, new.modes["lion"])
    assert np.allclose(engine.logits([5, 6, 7, 8], (("zebra", 1.0),)), asked, atol=1e-5)
    assert not np.allclose(engine.logits([5, 6, 7, 8], (("lion", 1.0),)), asked, atol=1e-3)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_lesson_can_go_on_with_an_adapter(folder: Path, tmp_path: Path) -> None:
    first = learn(folder, "x", SAMPLES, PLAN, Place(tmp_path), lambda _one: True)
    second = learn(
        folder,
        "x",
        SAMPLES,
        replace(PLAN, rate=1e-3),
        Place(tmp_path),
        lambda _one: True,
        first.learned.adapter,
    )
    assert second.learned.losses[0][1] < first.learned.losses[0][1] - 0.1


@pytest.mark.parametrize("precision", ["f32", "bf16", "kept"])
def test_numbers_that_are_not_packed_are_taken_in_the_precision_that_is_asked_for(
    folder: Path, precision: str
) -> None:
    model = load_base(folder, ("ffn_down",), precision).loaded.model
    wanted = mx.bfloat16 if precision == "bf16" else mx.float32
    assert model.model.norm.weight.dtype == model.layers[0].mlp.down_proj.scales.dtype == wanted
    assert model.layers[0].mlp.down_proj.weight.dtype == mx.uint32


def test_without_room_for_a_wider_precision_it_says_what_takes_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = write_tiny_folder(tmp_path / "half")
    weights = mx.load(str(half / "model.safetensors"))
    narrow = {name: value.astype(mx.bfloat16) for name, value in weights.items()}
    mx.save_safetensors(str(half / "model.safetensors"), narrow, {"format": "mlx"})
    monkeypatch.setattr(module, "machine", lambda: SimpleNamespace(free=lambda: 0, device="CPU"))
    assert load_base(half, ("ffn_down",), "kept").loaded.model.model.norm.weight.dtype == mx.bfloat16
    with pytest.raises(CannotTrain, match=r"GB more to train in f32, and 0\.0 are free: train in bf16"):
        load_base(half, ("ffn_down",), "f32")


def test_modules_that_the_base_does_not_have_are_named(folder: Path) -> None:
    with pytest.raises(CannotTrain, match="four has no module called ffn_dwn: name others"):
        load_base(folder, ("ffn_dwn",), "kept")


def test_a_directory_that_is_no_model_is_refused_as_the_engine_refuses_it(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="is no MLX model"):
        learn(tmp_path, "x", SAMPLES, PLAN, Place(tmp_path), lambda _one: True)


def test_what_is_too_long_is_named_with_its_line(folder: Path, tmp_path: Path) -> None:
    long = Sample((Message("user", "word " * 300),), "No.", "chat.jsonl, line 7")
    with pytest.raises(BadData, match=r"chat.jsonl, line 7: 1,5\d\d tokens, and 1,024 are the most"):
        learn(folder, "x", [*SAMPLES, long], PLAN, Place(tmp_path), lambda _one: True)


def test_torch_is_not_needed(folder: Path, tmp_path: Path) -> None:
    script = f"""
import sys
sys.modules["torch"] = None
from pathlib import Path
from types import SimpleNamespace
from modes.training.keeping import Place
from modes.training.mlx.learn import learn
from tests.modes.training.mlx.test_learn import PLAN, SAMPLES
learn(Path({str(folder)!r}), "x", SAMPLES, PLAN, Place(Path({str(tmp_path)!r})), lambda one: True)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300)


@pytest.mark.model
@pytest.mark.xdist_group("training")
def test_a_gguf_is_learned_on_as_it_is_packed_and_under_its_own_identity(
    starter: Path, tmp_path: Path
) -> None:
    identity = fingerprint(starter) or ""
    plan = replace(PLAN, steps=1, batch=1, check=1, directions=1, targets=("attn_q",), rate=5e-3)
    lesson = learn(starter, identity, SAMPLES[::2][:2], plan, Place(tmp_path), lambda _one: True)
    assert lesson.record["base"] == identity
    BaseModel.of(starter).checked(lesson.learned.adapter)
    assert all(change.norm > 0 for change in lesson.learned.adapter.values())
