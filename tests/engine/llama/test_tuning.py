"""What the machine is tried out for, and that it is done once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from engine.contract import LoadCancelled
from engine.llama import tuning
from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.llama.model import LlamaModel
from engine.llama.tuning import Tuning, measure, tuned
from tests.engine.llama.answers import ask
from tests.engine.tiny import write_tiny_llama, write_tiny_mamba


def always(_fraction: float) -> bool:
    return True


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_tiny_llama(tmp_path / "tiny.gguf")


@pytest.mark.parametrize("make", [write_tiny_llama, write_tiny_mamba])
def test_what_is_measured_is_told_with_its_figures(make: Callable[[Path], Path], tmp_path: Path) -> None:
    model = LlamaModel(make(tmp_path / "model.gguf"), 0, always)
    seen: list[float] = []

    def watch(fraction: float) -> bool:
        seen.append(fraction)
        return True

    found = measure(model, watch)
    model.free()
    assert found.threads in range(1, (os.cpu_count() or 1) + 1)
    assert found.batch in tuning.BATCHES
    assert found.flash in (True, False)
    flash, threads, batch, *busy = found.sentences()
    assert flash.startswith(f"flash attention {'on' if found.flash else 'off'}: decode ")
    assert threads.startswith(f"threads {found.threads}: decode tok/s at depth ")
    assert batch.startswith(f"batch {found.batch}: prefill tok/s at depth ")
    assert 0 <= found.others <= 1
    assert all("tui doctor --tune" in sentence for sentence in busy)
    assert seen == sorted(seen)
    assert 0 <= seen[0] <= seen[-1] <= 1


def test_measuring_can_be_given_up(path: Path) -> None:
    model = LlamaModel(path, 0, always)
    with pytest.raises(LoadCancelled):
        measure(model, lambda fraction: fraction < 0.3)
    model.free()
    with pytest.raises(LoadCancelled):
        LlamaEngine(path, LlamaOptions(context=256, tune=True), always, lambda _fraction: False)


def test_it_is_measured_once_for_a_model_and_a_machine(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memo, measured = tmp_path / "models.json", []
    found = Tuning(1, 128, True, {"threads": "a", "batch": "b", "flash": "c"})
    monkeypatch.setattr(tuning, "measure", lambda model, _progress: measured.append(model) or found)
    model = LlamaModel(path, 0, always)
    assert [tuned(model, 0, memo, always) for _ in range(3)] == [found] * 3
    assert len(measured) == 1
    assert tuned(model, 5, memo, always) == found
    assert len(measured) == 2, "another number of layers on the GPU is another matter"
    monkeypatch.setattr(tuning, "version", "0.0.1")
    tuned(model, 0, memo, always)
    assert len(measured) == 3, "so is another library"
    tuned(model, 0, memo, always, again=True)
    assert len(measured) == 4, "and so it is when it is asked for"
    os.utime(path, ns=(0, 1))
    tuned(model, 0, memo, always)
    assert len(measured) == 5, "so is another file"
    model.free()


def test_figures_of_a_busy_machine_are_told_to_be_so() -> None:
    quiet, busy = (replace(Tuning.usual(gpu=False), others=others) for others in (0.05, 0.6))
    assert len(quiet.sentences()) == 3
    assert busy.sentences()[3] == (
        "measured while other programs took 60% of the processor: "
        "measure again when it is quiet (tui doctor --tune)"
    )


@pytest.mark.parametrize("spoilt", [3, {}, {"threads": 0}, {"threads": "2"}, {"why": {}}, {"batch": -1}])
def test_a_spoilt_memory_of_it_is_measured_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: object
) -> None:
    memo, found = tmp_path / "models.json", Tuning.usual(gpu=False)
    monkeypatch.setattr(tuning, "measure", lambda _model, _progress: found)
    model = LlamaModel(path, 0, always)
    tuned(model, 0, memo, always)
    kept = json.loads(memo.read_text())
    (entry,) = kept.values()
    entry["value"] = {**asdict(found), **spoilt} if isinstance(spoilt, dict) and spoilt else spoilt
    memo.write_text(json.dumps(kept))
    assert tuned(model, 0, memo, always) == found
    model.free()


def test_what_the_operator_sets_is_not_measured(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "measure", lambda *_: pytest.fail("measured"))
    forced = LlamaOptions(context=256, threads=1, batch=64, flash=True, tune=True)
    engine = LlamaEngine(path, forced, always)
    assert engine.info.tuning == (
        "flash attention on: set by the operator",
        "threads 1: set by the operator",
        "batch 64: set by the operator",
    )
    assert ask(engine, "hello").done == "length"
    engine.close()


def test_what_is_forced_takes_the_place_of_what_was_measured(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Tuning(1, 128, True, {"threads": "fast", "batch": "fast", "flash": "fast"})
    monkeypatch.setattr(tuning, "measure", lambda _model, _progress: found)
    engine = LlamaEngine(path, LlamaOptions(context=256, batch=64, tune=True), always)
    assert engine.info.tuning == (
        "flash attention on: fast",
        "threads 1: fast",
        "batch 64: set by the operator",
    )
    engine.close()


def test_without_tuning_the_usual_is_taken_and_said_to_be(path: Path) -> None:
    engine = LlamaEngine(path, LlamaOptions(context=256), always)
    assert engine.info.tuning[2] == f"batch {tuning.BATCH}: the usual, not measured"
    engine.close()
