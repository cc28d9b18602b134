"""The starter with its modes in every engine there is here: llama.cpp, MLX, and servers started for it.

A vLLM is not started; its address is given, or VLLM_SERVER names it (``python -m scripts.vllm`` does).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine.contract import Engine
from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.remote.engine import RemoteEngine, RemoteOptions
from engine.remote.shelf import version_of
from modes.share.library import Library, Shelved
from tests.engine.remote.mlx_folder import write_mlx_folder
from tests.engine.remote.servers import llama_server, mlx_server
from tui.core.coefficients import SHIPPED
from tui.core.exporting import exporter, write_mode
from tui.core.models import starter_model

Opening = Callable[[], Engine]
_found = starter_model()
assert _found is not None
STARTER: Path = _found


def with_llama(path: Path = STARTER) -> LlamaEngine:
    return LlamaEngine(path, LlamaOptions(context=1024, threads=2, flash=False), lambda _fraction: True)


def with_mlx() -> Engine:
    from engine.mlx.engine import MlxEngine, MlxOptions

    return MlxEngine(STARTER, MlxOptions(1024), lambda _fraction: True)


def on_server(url: str, folder: Path, model: Path | None = None) -> RemoteEngine:
    """``model`` is the full path of a model that the server does not tell; adapters go into ``folder``."""
    options = RemoteOptions(
        model=str(model) if model else None, base=STARTER, folder=folder, export=exporter()
    )
    return RemoteEngine(url, options, lambda _fraction: True)


def anywhere(urls: Sequence[str] = ()) -> Iterator[tuple[str, Opening]]:
    """Each place by name, and what opens an engine there; a server lives until the next is asked for."""
    yield "llama.cpp", with_llama
    yield "MLX, the same GGUF", with_mlx
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with llama_server(STARTER, *_adapters(folder)) as url:
            yield "llama-server", lambda: on_server(url, folder / "adapters")
        model = write_mlx_folder(STARTER, folder / "starter")
        with mlx_server(model) as url:
            yield "mlx_lm.server, float32", lambda: on_server(url, folder / "adapters", model)
        for named in urls or filter(None, [os.environ.get("VLLM_SERVER")]):
            engine = on_server(named, folder / "adapters")
            kind = engine.info.device.partition(" at ")[0]
            engine.close()
            yield f"{kind}, given", partial(on_server, named, folder / "adapters")


def _adapters(folder: Path) -> list[Path]:
    shelved = Library(SHIPPED).load()
    files = []
    for name, coefficients in shelved.modes.items():
        files.append(folder / f"{name}-{version_of(shelved.basis, coefficients)}.gguf")
        write_mode("gguf", files[-1], shelved.basis, coefficients, STARTER)
    return files


@contextmanager
def installed(opening: Opening, shelved: Shelved) -> Iterator[Engine]:
    """An engine with every mode, until the end; a file of other types counts as the same base."""
    engine = opening()
    basis = replace(shelved.basis, base=engine.fingerprint() or shelved.basis.base)
    try:
        for name, coefficients in shelved.modes.items():
            engine.install(name, basis, coefficients)
        yield engine
    finally:
        engine.close()
