"""Engines on servers: real ones, and one that says what it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engine.adapter_file import write_adapter_file
from engine.lowrank import Basis, Coefficients, adapter_factors
from engine.remote.engine import RemoteEngine, RemoteOptions
from engine.remote.shelf import version_of
from modes.share.library import Library
from tests.engine.random_modes import random_coefficients
from tests.engine.remote.mlx_folder import write_mlx_folder
from tests.engine.remote.replaying import Answer, Replay, replaying
from tests.engine.remote.servers import llama_server, mlx_server
from tui.core.coefficients import SHIPPED
from tui.core.exporting import exporter, write_mode

Mode = tuple[Basis, Coefficients]
Replayed = Callable[..., tuple[RemoteEngine, Replay]]


@pytest.fixture
def replayed() -> Iterator[Replayed]:
    """An engine on a server that gives these answers to what is asked of the model."""
    with ExitStack() as stack:

        def make(
            *answers: Answer, replay: Replay | None = None, **options: Any
        ) -> tuple[RemoteEngine, Replay]:
            served = stack.enter_context(replaying((replay or Replay()).chat(*answers)))
            engine = RemoteEngine(served.url, RemoteOptions(**options), lambda _fraction: True)
            stack.callback(engine.close)
            return engine, served

        yield make


@pytest.fixture(scope="session")
def legal() -> Mode:
    """Coefficients for the starter with which it knows some law."""
    shelved = Library(SHIPPED).load()
    return shelved.basis, shelved.modes["legal"]


@pytest.fixture(scope="session")
def llama_url(starter: Path, legal: Mode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A llama-server on the starter, with the adapter ``legal`` and, at scale 1, one that nobody asks for."""
    folder = tmp_path_factory.mktemp("loras")
    files = [folder / f"legal-{version_of(*legal)}.gguf", folder / "noise-00000000.gguf"]
    write_mode("gguf", files[0], *legal, starter)
    noise = random_coefficients(legal[0], 1.0, 2)
    cores = noise.cores.items()
    write_adapter_file(
        files[1], "llama", {name: adapter_factors(legal[0].modules[name], one) for name, one in cores}
    )
    with llama_server(starter, *files) as url:
        yield url


@pytest.fixture(scope="session")
def mlx_folder(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mlx_folder(starter, tmp_path_factory.mktemp("mlx") / "starter")


@pytest.fixture(scope="session")
def mlx_url(mlx_folder: Path) -> Iterator[str]:
    with mlx_server(mlx_folder) as url:
        yield url


@pytest.fixture
def options(starter: Path, fingerprints: Path, tmp_path: Path) -> dict[str, Any]:
    """What an engine needs for coefficients on a server."""
    return {"base": starter, "memo": fingerprints, "folder": tmp_path / "adapters", "export": exporter()}
