"""What only this engine has: K and V in few bits, what was read kept on disk, memory refused in time."""

from __future__ import annotations

import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from engine.contract import (
    AdapterRefused,
    BadConstraint,
    GenerationFailed,
    LoadCancelled,
    ModelUnusable,
    Sampling,
    Scales,
)
from engine.mlx import library, saving
from engine.mlx.engine import MlxEngine, MlxOptions
from engine.mlx.library import Machine, check_versions
from engine.mlx.rows import BatchRows
from engine.mlx.store import PromptStore
from tests.engine.llama.answers import ask, at_once, gather, request
from tests.engine.mlx.conftest import write_tiny_folder
from tests.engine.random_modes import random_basis, random_coefficients
from tests.engine.tiny import HIDDEN, LAYERS, WIDTH, write_tiny_llama, write_tiny_mamba

QUESTION = "What is a river, and where does it go?"
A: Scales = (("a", 1.0),)
Open = Callable[..., MlxEngine]


def install(engine: MlxEngine, name: str = "a", seed: int = 0) -> None:
    shapes = {f"blk.{layer}.ffn_down.weight": (WIDTH, HIDDEN) for layer in range(LAYERS)}
    basis = random_basis(shapes, 8, engine.fingerprint() or "")
    engine.install(name, basis, random_coefficients(basis, 0.5, seed))


@pytest.fixture
def opened(tiny_path: Path) -> Iterator[Open]:
    """Opens the small model with mode a; all are closed in the end."""
    engines: list[MlxEngine] = []

    def open_one(**options: Any) -> MlxEngine:
        given = {"context": 512, **options}
        engines.append(MlxEngine(tiny_path, MlxOptions(**given), lambda _fraction: True))
        install(engines[-1])
        return engines[-1]

    yield open_one
    for engine in engines:
        engine.close()


# K and V in few bits


@pytest.fixture
def wide(tmp_path: Path) -> Iterator[MlxEngine]:
    """Heads wide enough to be packed, K and V in eight bits."""
    path = write_tiny_folder(tmp_path / "wide", hidden_size=128)
    options = MlxOptions(context=512, kv_bits=8, slots=4)
    engine = MlxEngine(path, options, lambda _fraction: True)
    yield engine
    engine.close()


def test_packed_k_and_v_answer_nearly_as_whole_ones_do(wide: MlxEngine) -> None:
    assert wide.info.slots == 1, "they cannot be batched"
    answer = ask(wide, QUESTION, max_tokens=12)
    assert wide.info.path is not None
    whole = MlxEngine(wide.info.path, MlxOptions(context=512), lambda _fraction: True)
    assert ask(whole, QUESTION, max_tokens=12).tokens == answer.tokens
    assert wide.cache_stats().bytes < whole.cache_stats().bytes / 2
    whole.close()


def test_packed_answers_wait_for_one_another_and_keep_what_was_read(wide: MlxEngine) -> None:
    asked = [request(f"{QUESTION} {at}", max_tokens=6) for at in range(3)]
    answers = at_once(wide, asked)
    assert all(answer.done in ("length", "stop") for answer in answers)
    again = ask(wide, f"{QUESTION} 0", max_tokens=6)
    assert again.usage.cached_tokens == again.usage.prompt_tokens - 1
    assert again.tokens == answers[0].tokens


def test_a_packed_answer_is_cancelled_and_penalised_like_any(wide: MlxEngine) -> None:
    endless = request(QUESTION, max_tokens=None)
    stream = wide.generate(endless)
    next(stream)
    wide.cancel(endless.id)
    assert gather(stream).done == "cancelled"
    strong = Sampling(temperature=0.0, frequency_penalty=100.0, repeat_last_n=-1)
    tokens = ask(wide, QUESTION, max_tokens=20, sampling=strong).tokens
    assert len(set(tokens)) == len(tokens)
    assert wide.score(QUESTION, ["a", "bc", "de"])


def test_heads_that_cannot_be_packed_are_refused(opened: Open) -> None:
    with pytest.raises(ModelUnusable, match="cannot be kept in 8 bits"):
        opened(kv_bits=8)
    with pytest.raises(ModelUnusable, match="cannot be kept in 5 bits"):
        opened(kv_bits=5)


# What was read, kept between runs


def test_what_was_read_is_found_again_after_a_restart_by_the_same_mode(opened: Open, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    first = opened(kept=kept)
    base, mode = ask(first, QUESTION), ask(first, QUESTION, scales=A)
    first.close()
    assert {stat.S_IMODE(file.stat().st_mode) for file in kept.iterdir()} == {0o600}
    second = opened(kept=kept)
    install(second, "under another name", seed=0)
    install(second, "other", seed=1)
    for scales, answer in (((), base), (A, mode), ((("under another name", 1.0),), mode)):
        again = ask(second, QUESTION, scales=scales)
        assert again.usage.cached_tokens == again.usage.prompt_tokens - 1
        assert again.tokens == answer.tokens
    assert ask(second, QUESTION, scales=(("other", 1.0),)).usage.cached_tokens == 0


def test_what_another_base_has_read_and_damaged_files_are_passed_over(opened: Open, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    first = opened(kept=kept)
    ask(first, QUESTION)
    first.close()
    store = PromptStore(1 << 30)
    saving.load(store, kept, "another base")
    assert store.stats().parked == 0
    (kept / "0001.safetensors").write_bytes(b"damaged")
    saving.load(store, kept, first.fingerprint() or "")
    assert store.stats().parked == 1


def test_a_folder_that_cannot_be_written_loses_what_was_read_and_nothing_else(
    opened: Open, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    engine = opened(kept=blocked / "kept")
    ask(engine, QUESTION)
    engine.close()


def test_room_for_what_was_read_is_bounded_and_the_longest_unused_goes(opened: Open) -> None:
    engine = opened(cache=300_000)
    for at in range(8):
        ask(engine, f"{at} {QUESTION}")
    stats = engine.cache_stats()
    assert stats.bytes <= 300_000
    assert stats.evicted > 0
    assert ask(engine, f"7 {QUESTION}").usage.cached_tokens > 50
    assert ask(engine, f"0 {QUESTION}").usage.cached_tokens < 50


def test_what_is_gone_on_with_leaves_what_was_kept_as_it_was(opened: Open) -> None:
    engine = opened()
    first = ask(engine, QUESTION, max_tokens=12)
    for follow in ("And then?", "Why?"):
        ask(engine, QUESTION, first.text, follow, max_tokens=12)
    assert ask(engine, QUESTION, max_tokens=12).tokens == first.tokens


# Memory


def test_a_context_and_answers_beyond_the_memory_are_refused_and_what_fits_is_said(opened: Open) -> None:
    with pytest.raises(
        ModelUnusable, match=r"a context of 4,000,000,000 tokens need .* are free: what fits is --"
    ):
        opened(context=4_000_000_000)
    with pytest.raises(ModelUnusable, match=r"10,?000,?000 answers at once .* what fits is --slots"):
        opened(context=1024, slots=10_000_000)


def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=0))


@pytest.fixture
def full(opened: Open, monkeypatch: pytest.MonkeyPatch) -> MlxEngine:
    """An engine on a machine whose memory has become full."""
    engine = opened()
    no_memory(monkeypatch)
    return engine


def test_a_prompt_for_which_the_machine_would_swap_is_refused(full: MlxEngine) -> None:
    with pytest.raises(GenerationFailed, match=r"needs .* MiB and 0 MiB are free: close other programs"):
        ask(full, QUESTION)


def test_a_subspace_for_which_the_machine_would_swap_is_refused(full: MlxEngine) -> None:
    basis = random_basis({"blk.0.ffn_up.weight": (HIDDEN, WIDTH)}, 8, full.fingerprint() or "")
    with pytest.raises(AdapterRefused, match="b cannot be installed: its subspace takes"):
        full.install("b", basis, random_coefficients(basis, 0.5, 0))


def test_weights_for_which_the_machine_would_swap_are_refused(
    tiny_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_memory(monkeypatch)
    for path in (tiny_path, folder):
        with pytest.raises(ModelUnusable, match="for its weights and"):
            MlxEngine(path, MlxOptions(), lambda _fraction: True)


def test_a_gpu_is_filled_no_further_than_the_system_recommends() -> None:
    assert Machine("GPU", gpu=True, working_set=1).free() == 0
    assert Machine("CPU", gpu=False, working_set=None).free() > 1 << 20


# Refused in words


@pytest.mark.parametrize("version", [None, "0.31.9", "0.9"])
def test_a_library_that_is_missing_or_too_old_is_told_with_what_to_install(
    version: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(package: str) -> str:
        if version is None:
            raise PackageNotFoundError(package)
        return version

    monkeypatch.setattr(library, "version", found)
    with pytest.raises(ModelUnusable, match=r"the MLX engine needs mlx.*pip install 'modeshare\[mlx\]'"):
        check_versions()


def test_a_grammar_or_schema_is_refused_before_a_word_is_written(opened: Open) -> None:
    engine = opened()
    for constraint in ({"grammar": 'root ::= "a"'}, {"json_schema": "{}"}):
        with pytest.raises(BadConstraint, match=r"cannot hold .* or use the llama\.cpp engine"):
            ask(engine, QUESTION, **constraint)
        with pytest.raises(BadConstraint):
            engine.check(request("", **constraint))


def test_a_gguf_of_another_architecture_is_refused_and_named(tmp_path: Path) -> None:
    path = write_tiny_mamba(tmp_path / "mamba.gguf")
    with pytest.raises(ModelUnusable, match=r"architecture 'mamba'.*use llama\.cpp"):
        MlxEngine(path, MlxOptions(), lambda _fraction: True)


@pytest.mark.parametrize("size", [3, 100, 4000, 200_000])
def test_a_damaged_gguf_is_refused(tiny_path: Path, tmp_path: Path, size: int) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(tiny_path.read_bytes()[:size])
    with pytest.raises(ModelUnusable, match=r"cut\.gguf"):
        MlxEngine(cut, MlxOptions(), lambda _fraction: True)


@pytest.mark.parametrize("at", [0.0, 0.5, 1.0])
def test_a_load_is_given_up_when_it_is_asked_to(tiny_path: Path, at: float) -> None:
    with pytest.raises(LoadCancelled, match=r"tiny\.gguf was given up"):
        MlxEngine(tiny_path, MlxOptions(), lambda fraction: fraction < at)


def test_progress_goes_from_nothing_to_all(tiny_path: Path) -> None:
    seen: list[float] = []
    MlxEngine(tiny_path, MlxOptions(), lambda fraction: seen.append(fraction) is None).close()
    assert [seen[0], seen[-1]] == [0.0, 1.0]
    assert seen == sorted(seen)


def test_a_file_with_letters_of_other_scripts_in_its_name_is_loaded(tiny_path: Path, tmp_path: Path) -> None:
    path = shutil.copy(tiny_path, tmp_path / "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ.gguf")
    engine = MlxEngine(Path(path), MlxOptions(), lambda _fraction: True)
    assert engine.info.name == "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ"
    engine.close()


def test_a_failure_of_the_library_ends_what_is_under_way_and_the_engine_goes_on(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened()
    running = engine.generate(request(QUESTION, max_tokens=None, logit_bias=((2, -100.0),)))
    next(running)
    with monkeypatch.context() as broken:
        broken.setattr("engine.mlx.rows.BatchRows.step", lambda _self, _piece: iter([1 / 0]))
        with pytest.raises(GenerationFailed, match=r"MLX failed .*division by zero.*: ask again"):
            gather(running)
    assert ask(engine, QUESTION).tokens


@pytest.mark.parametrize(("where", "good"), [("take_out", 0), ("insert", 1)])
def test_a_failure_while_thinking_is_ended_is_told_to_who_waits_for_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, good: int
) -> None:
    path = write_tiny_llama(tmp_path / "thinker.gguf", template="{{ messages[-1].content }}\n<think>\n")
    engine = MlxEngine(path, MlxOptions(context=512), lambda _fraction: True)
    works, calls = getattr(BatchRows, where), []

    def breaks(rows: BatchRows, what: object) -> object:
        calls.append(what)
        return works(rows, what) if len(calls) <= good else 1 / 0

    told: list[str] = []

    def wait() -> None:
        try:
            ask(engine, QUESTION, thinking_budget=5, max_tokens=40, logit_bias=((2, -100.0),))
        except GenerationFailed as error:
            told.append(str(error))

    with monkeypatch.context() as broken:
        broken.setattr(BatchRows, where, breaks)
        waiting = threading.Thread(target=wait, daemon=True)
        waiting.start()
        waiting.join(60)
    assert "division by zero" in "".join(told)
    assert ask(engine, QUESTION, max_tokens=3).tokens, "the engine goes on"
    engine.close()


def test_modes_after_a_restart_of_the_same_weights_give_the_same_logits(opened: Open) -> None:
    one, other = opened(), opened()
    assert np.array_equal(one.logits([5, 6, 7], A), other.logits([5, 6, 7], A))
