"""Engines on servers: real ones, and one that says what it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engine.llama.engine import LlamaEngine
from engine.lowrank import Basis, Coefficients
from engine.remote.engine import RemoteEngine, RemoteOptions
from engine.remote.shelf import version_of
from tests.engine.random_modes import random_basis, random_coefficients
from tests.engine.remote.mlx_folder import write_mlx_folder
from tests.engine.remote.replaying import Answer, Replay, replaying
from tests.engine.remote.servers import llama_server, mlx_server
from tui.core.exporting import exporter, write_mode

Mode = tuple[Basis, Coefficients]
Replayed = Callable[..., tuple[RemoteEngine, Replay]]


@pytest.fixture
def replayed() -> Iterator[Replayed]:
    """An engine on a server that gives these answers to what is asked of the model."""
    with ExitStack() as stack:

        def make(*answers: Answer, replay: Replay | None = None, **options: Any) -> tuple[RemoteEngine, Replay]:
            served = stack.enter_context(replaying((replay or Replay()).chat(*answers)))
            engine = RemoteEngine(served.url, RemoteOptions(**options), lambda _fraction: True)
            stack.callback(engine.close)
            return engine, served

        yield make


@pytest.fixture(scope="session")
def odd(starter_engine: LlamaEngine) -> Mode:
    """Coefficients for the starter that change what it says."""
    shapes = {f"blk.{i}.{name}.weight": shape for i in range(30) for name, shape in _SHAPES.items()}
    basis = random_basis(shapes, 4, starter_engine.fingerprint() or "")
    return basis, random_coefficients(basis, 0.6, 1)


_SHAPES = {"attn_q": (576, 576), "attn_output": (576, 576), "ffn_down": (576, 1536)}


@pytest.fixture(scope="session")
def llama_url(starter: Path, odd: Mode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A llama-server on the starter, with the adapter ``odd`` and, at scale 1, one that nobody asks for."""
    folder = tmp_path_factory.mktemp("loras")
    files = [folder / f"odd-{version_of(*odd)}.gguf", folder / "noise-00000000.gguf"]
    write_mode("gguf", files[0], *odd, starter)
    write_mode("gguf", files[1], odd[0], random_coefficients(odd[0], 3.0, 2), starter)
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
