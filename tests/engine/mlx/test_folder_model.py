"""An MLX directory: read as mlx-lm reads it, spelled by its own tokenizer, with an identity of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from engine.contract import ModelUnusable, Sampling
from engine.fingerprint import fingerprint
from engine.lowrank import Basis
from engine.mlx.engine import MlxEngine, MlxOptions
from tests.engine.llama.answers import ask, at_once, request, talk
from tests.engine.mlx.conftest import write_tiny_folder
from tests.engine.random_modes import random_basis, random_coefficients


def opened(path: Path, **options: Any) -> MlxEngine:
    return MlxEngine(path, MlxOptions(**{"context": 512, "slots": 2, **options}), lambda _fraction: True)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[MlxEngine]:
    made = opened(folder)
    yield made
    made.close()


def basis_for(engine: MlxEngine, *names: str, shape: tuple[int, int] = (64, 128)) -> Basis:
    return random_basis(dict.fromkeys(names, shape), 8, engine.fingerprint() or "")


def test_a_directory_is_described_and_answers(engine: MlxEngine, folder: Path) -> None:
    info = engine.info
    assert [info.name, info.architecture, info.path] == ["tiny", "llama", folder]
    assert [info.context, info.trained_context, info.notes] == [512, 1024, ()]
    assert info.size == 4 * info.parameters
    answer = ask(engine, "What is a river?", max_tokens=12)
    assert answer.usage.prompt_tokens == engine.count_tokens(talk("What is a river?"))
    assert len(answer.tokens) in range(1, 13)


def test_a_model_that_does_not_say_what_it_was_trained_on_is_not_called_too_short(tmp_path: Path) -> None:
    config = write_tiny_folder(tmp_path / "silent") / "config.json"
    about = json.loads(config.read_text())
    del about["max_position_embeddings"]
    config.write_text(json.dumps(about))
    engine = opened(config.parent)
    assert [engine.info.trained_context, engine.info.notes] == [0, ()]
    engine.close()


def test_control_tokens_are_read_in_a_prompt_and_spelled_out_in_a_text(engine: MlxEngine) -> None:
    plain = "What is a river?"
    assert engine.count_tokens(talk(plain)) == len(f"<user\n{plain}>\n<assistant\n")
    assert len(engine.tokenize("<|im_end|>")) == len("<|im_end|>")


def test_the_detokenizer_sends_whole_letters_only(engine: MlxEngine) -> None:
    hot = Sampling(temperature=1.5, seed=1)
    answer = ask(engine, "ᎣᏏᏲ", max_tokens=80, sampling=hot)
    assert answer.text
    assert "\ufffd" not in answer.text


def test_a_mode_changes_the_modules_that_gguf_names(engine: MlxEngine) -> None:
    basis = basis_for(engine, "blk.0.ffn_down.weight", "blk.1.ffn_down.weight")
    base = engine.logits([5, 6, 7])
    engine.install("a", basis, random_coefficients(basis, 0.5, 0))
    assert np.abs(engine.logits([5, 6, 7], (("a", 1.0),)) - base).max() > 0.1
    assert np.array_equal(engine.logits([5, 6, 7]), base)
    engine.remove("a")


def test_the_identity_is_of_the_weights_however_they_are_divided(folder: Path, tmp_path: Path) -> None:
    known = fingerprint(folder)
    divided = shutil.copytree(folder, tmp_path / "divided")
    weights = mx.load(str(divided / "model.safetensors"))
    (divided / "model.safetensors").unlink()
    names = sorted(weights)
    for at, half in enumerate((names[::2], names[1::2])):
        mx.save_safetensors(str(divided / f"model-{at}.safetensors"), {name: weights[name] for name in half})
    (divided / "tokenizer_config.json").write_text("{}")
    assert fingerprint(divided) == known
    weights[names[0]] = weights[names[0]] + 1e-3
    mx.save_safetensors(str(divided / "model-0.safetensors"), {name: weights[name] for name in names[::2]})
    assert fingerprint(divided) != known


def test_what_the_config_computes_with_belongs_to_the_identity(folder: Path, tmp_path: Path) -> None:
    other = shutil.copytree(folder, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "rope_theta": 5000.0}))
    assert fingerprint(other) != fingerprint(folder)


def test_a_remembered_identity_is_read_again_once_a_weight_file_changed(folder: Path, tmp_path: Path) -> None:
    memo = tmp_path / "known.json"
    copy = shutil.copytree(folder, tmp_path / "copy")
    for change in (False, True):
        if change:
            weights = mx.load(str(copy / "model.safetensors"))
            mx.save_safetensors(
                str(copy / "model.safetensors"), {name: value * 2 for name, value in weights.items()}
            )
        engine = MlxEngine(copy, MlxOptions(context=256, memo=memo), lambda _fraction: True)
        assert engine.fingerprint() == fingerprint(copy)
        engine.close()


def test_quantised_weights_stay_packed_and_take_modes(tmp_path: Path) -> None:
    from mlx_lm.utils import load_model, quantize_model, save_model

    plain = write_tiny_folder(tmp_path / "plain")
    model, config = load_model(plain)
    model, config = quantize_model(model, config, group_size=32, bits=4)
    packed = shutil.copytree(plain, tmp_path / "packed")
    save_model(packed, model)
    (packed / "config.json").write_text(json.dumps(config))
    engine = opened(packed)
    assert engine.info.size < 4 * engine.info.parameters / 4
    basis = basis_for(engine, "blk.0.ffn_down.weight")
    engine.install("a", basis, random_coefficients(basis, 0.5, 0))
    assert ask(engine, "a", scales=(("a", 1.0),)).tokens
    engine.close()


def test_a_directory_without_a_model_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"is no MLX model: .*mlx_lm\.convert"):
        opened(tmp_path)
    with pytest.raises(ModelUnusable, match=r"no model at .*missing: name a GGUF file or an MLX directory"):
        opened(tmp_path / "missing")


def test_an_architecture_that_mlx_lm_does_not_know_is_named(folder: Path, tmp_path: Path) -> None:
    strange = shutil.copytree(folder, tmp_path / "strange")
    config = json.loads((strange / "config.json").read_text())
    (strange / "config.json").write_text(json.dumps({**config, "model_type": "nonsense"}))
    with pytest.raises(ModelUnusable, match="nonsense"):
        opened(strange)


def test_code_that_a_directory_brings_is_not_run(folder: Path, tmp_path: Path) -> None:
    strange = shutil.copytree(folder, tmp_path / "strange")
    (strange / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    config = json.loads((strange / "config.json").read_text())
    (strange / "config.json").write_text(json.dumps({**config, "model_file": "own.py"}))
    with pytest.raises(ModelUnusable):
        opened(strange)
    assert not (tmp_path / "ran").exists()


def test_layers_that_look_back_through_a_window_are_batched_and_gone_on_with(tmp_path: Path) -> None:
    layers = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 16}
    engine = opened(write_tiny_folder(tmp_path / "windowed", **layers), slots=3)
    asked = [f"Tell me of river number {at}." for at in range(3)]
    alone = [ask(engine, one, max_tokens=12).tokens for one in asked]
    engine.forget()
    together = at_once(engine, [request(one, max_tokens=12) for one in asked])
    assert [answer.tokens for answer in together] == alone
    first = together[0]
    follow = ask(engine, asked[0], first.text, "And then?", max_tokens=8)
    engine.forget()
    assert ask(engine, asked[0], first.text, "And then?", max_tokens=8).tokens == follow.tokens
    engine.close()


def test_answers_of_a_directory_are_batched_like_any(engine: MlxEngine) -> None:
    streams = [engine.generate(request(f"{at}", max_tokens=10)) for at in range(3)]
    assert all(list(stream)[-1].done in ("length", "stop") for stream in streams)
