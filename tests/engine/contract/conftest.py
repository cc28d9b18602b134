"""What every test here is given: an engine, one kind after the other.

`subject` is a small model of random weights in this process, `anywhere` the starter, on servers too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.contract import Engine, Scales
from engine.lowrank import Basis, Coefficients
from engine.remote.engine import RemoteOptions
from modes.share.library import Shelved
from tests.engine.contract.places import GROUPS, NO_VLLM, VLLM, Place, Starter, place
from tests.engine.random_modes import random_basis, random_coefficients
from tests.engine.reference import DenseLlama
from tests.engine.tiny import ADAPTED, write_tiny_llama
from tui.core.exporting import exporter

RANK = 8


class Local(Engine, Protocol):
    """An engine that holds the weights itself, so that its logits can be looked at."""

    def logits(self, tokens: Sequence[int], scales: Scales = ()) -> NDArray[np.float32]: ...

    def tokenize(self, text: str) -> list[int]: ...

    def forget(self) -> None: ...

    def adapter_sizes(self) -> dict[str, int]: ...


#: Opens a model with a context of so many tokens for so many answers at once.
Opening = Callable[[Path, int, int], Local]


def with_llama(path: Path, context: int, slots: int) -> Local:
    from engine.llama.engine import LlamaEngine, LlamaOptions

    return LlamaEngine(path, LlamaOptions(context, threads=1, slots=slots), lambda _fraction: True)


def with_mlx(path: Path, context: int, slots: int) -> Local:
    from engine.mlx.engine import MlxEngine, MlxOptions

    return MlxEngine(path, MlxOptions(context, slots=slots), lambda _fraction: True)


@pytest.fixture(scope="session", params=[with_llama, with_mlx], ids=["llama", "mlx"])
def opening(request: pytest.FixtureRequest) -> Opening:
    """How an engine of the kind in turn is opened."""
    made: Opening = request.param
    return made


@pytest.fixture(scope="session")
def tiny_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llama(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


class Subject:
    """The model through an engine, its dense reference, and coefficients a, b and c for both."""

    def __init__(self, path: Path, engine: Local) -> None:
        self.engine, self.dense = engine, DenseLlama(path)
        shapes = {
            name: (weight.shape[0], weight.shape[1])
            for name, weight in self.dense.weights.items()
            if name.split(".")[-2] in ADAPTED
        }
        self.basis: Basis = random_basis(shapes, RANK, engine.fingerprint() or "")
        self.modes: dict[str, Coefficients] = {
            name: random_coefficients(self.basis, 0.4, seed, factors)
            for seed, (name, factors) in enumerate((("a", None), ("b", None), ("c", 2)))
        }
        for name, coefficients in self.modes.items():
            engine.install(name, self.basis, coefficients)


@pytest.fixture(scope="session")
def subject(opening: Opening, tiny_path: Path) -> Iterator[Subject]:
    """Two answers at once; its modes are to be left as they are."""
    made = Subject(tiny_path, opening(tiny_path, 1024, 2))
    yield made
    made.engine.close()


@pytest.fixture(scope="session")
def engine(subject: Subject) -> Local:
    """The engine of `subject`."""
    return subject.engine


@pytest.fixture
def passing(opening: Opening, tiny_path: Path) -> Iterator[Local]:
    """One that a test may close, with a context that is soon full."""
    made = opening(tiny_path, 256, 2)
    yield made
    made.close()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(
            name,
            marks=[
                pytest.mark.model,
                pytest.mark.xdist_group(group),
                *([NO_VLLM] if name == "vllm" else []),
            ],
        )
        for name, group in GROUPS.items()
    ],
)
def anywhere(
    request: pytest.FixtureRequest,
    starter: Path,
    fingerprints: Path,
    shipped: Shelved,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    """The starter in this process or on a real server, with ``legal`` and ``coding`` installed."""
    name: str = request.param
    urls = {"llama-server": "llama_url", "mlx_lm.server": "mlx_url"}
    folder = request.getfixturevalue("mlx_folder") if name == "mlx_lm.server" else None
    options = RemoteOptions(
        model=str(folder) if folder else None,
        base=starter,
        memo=fingerprints,
        folder=tmp_path_factory.mktemp("adapters"),
        export=exporter(),
    )
    base = Starter(starter, fingerprints, options)
    url = VLLM if name == "vllm" else request.getfixturevalue(urls[name]) if name in urls else None
    with place(name, lambda: base.there(url) if url else base.here(name)) as made:
        for mode in ("legal", "coding"):
            made.engine.install(mode, shipped.basis, shipped.modes[mode])
        yield made
