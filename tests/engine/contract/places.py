"""Where the starter can be run, and what docs/servers.md says of each place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.contract import Engine
from engine.remote.engine import RemoteEngine, RemoteOptions

#: Where a vLLM is, if there is one: `make test-vllm` starts it.
VLLM = os.environ.get("VLLM_SERVER", "")


@dataclass(frozen=True)
class Offer:
    """What a place can do; what it cannot it refuses, or says at the start."""

    grammars: bool = True
    schemas: bool = True
    #: It tells tokens: prompts are counted, and a bias may name a text.
    tokens: bool = True
    likelihoods: bool = True
    #: It ends thinking that has used up its budget.
    budgets: bool = True


OFFERS = {
    "llama": Offer(),
    "mlx": Offer(grammars=False, schemas=False),
    "llama-server": Offer(likelihoods=False),
    "mlx_lm.server": Offer(grammars=False, schemas=False, tokens=False, likelihoods=False, budgets=False),
    "vllm": Offer(budgets=False),
}
#: One process starts a server and loads a model once.
GROUPS = {
    "llama": "starter on llama",
    "mlx": "starter on mlx",
    "llama-server": "llama-server",
    "mlx_lm.server": "mlx-server",
    "vllm": "vllm",
}
NO_VLLM = pytest.mark.skipif(not VLLM, reason="VLLM_SERVER names no vLLM (make test-vllm starts one)")


@dataclass(frozen=True)
class Place:
    """``opened`` makes a further engine there."""

    name: str
    engine: Engine
    offer: Offer
    opened: Callable[[], Engine]


@dataclass(frozen=True)
class Starter:
    """The model file, where its identity is remembered, and what an engine on a server is opened with."""

    path: Path
    memo: Path
    options: RemoteOptions

    def here(self, name: str) -> Engine:
        """An engine in this process."""
        if name == "llama":
            from engine.llama.engine import LlamaEngine, LlamaOptions

            options = LlamaOptions(context=1024, threads=1, slots=2, memo=self.memo)
            return LlamaEngine(self.path, options, lambda _fraction: True)
        from engine.mlx.engine import MlxEngine, MlxOptions

        return MlxEngine(self.path, MlxOptions(1024, slots=2, memo=self.memo), lambda _fraction: True)

    def there(self, url: str) -> Engine:
        return RemoteEngine(url, self.options, lambda _fraction: True)


@contextmanager
def place(name: str, opened: Callable[[], Engine]) -> Iterator[Place]:
    engine = opened()
    yield Place(name, engine, OFFERS[name], opened)
    engine.close()
