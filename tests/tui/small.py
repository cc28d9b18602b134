"""A model of 600 kB with two random modes, learned one after the other: evaluates in seconds."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.fingerprint import Fingerprint
from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.lowrank import Basis, Coefficients
from modes.catalog import Catalog
from modes.share.exchange import BaseModel
from modes.share.library import Library, Shelved
from tests.engine.random_modes import random_basis, random_coefficients
from tests.engine.tiny import write_tiny_llama
from tests.tui.program import Program

MODES = ("first", "second")


@dataclass(frozen=True)
class Small:
    """Folders of a user, and a test set for each of the modes."""

    folder: Path

    @property
    def model(self) -> Path:
        return self.folder / "tiny.gguf"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def library(self) -> Library:
        return Library(self.data / "subspace")

    @property
    def program(self) -> Program:
        return Program(self.data, self.config, {"MODESHARE_MODEL": str(self.model)})

    @property
    def catalog(self) -> Catalog:
        return Catalog.load(self.config / "modes")

    def engine(self) -> LlamaEngine:
        options = LlamaOptions(context=512, threads=1, memo=self.data / "models.json")
        return LlamaEngine(self.model, options, lambda _fraction: True)

    def set_of(self, name: str, count: int = 6) -> str:
        """The path of a test set of choices; which of them is right means nothing."""
        rows = [
            {"prompt": f"{name} {i}?", "choices": ["yes", "no", "so"], "answer": i % 3} for i in range(count)
        ]
        return self.write(name, rows)

    def write(self, name: str, rows: list[dict[str, Any]]) -> str:
        path = self.folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    def learn(self, modes: Mapping[str, Coefficients], basis: Basis, **notes: Any) -> str:
        trained = {name: {"seed": name} for name in modes}
        return self.library.save(Shelved(basis, modes, {"trained": trained, **notes}), "f32")


def write_small(folder: Path) -> Small:
    """Version 1 of the subspace has the first mode, version 2 both."""
    folder.mkdir(exist_ok=True)
    small = Small(folder)
    (small.config / "modes").mkdir(parents=True)
    small.data.mkdir(mode=0o700)
    write_tiny_llama(small.model)
    identity = Fingerprint(small.model, small.data / "models.json", threading.Event()).get() or ""
    shapes = {name: shape for name, shape in BaseModel.of(small.model).shapes.items() if "ffn_down" in name}
    basis = random_basis(shapes, 4, identity)
    modes = {name: random_coefficients(basis, 2.0, seed) for seed, name in enumerate(MODES)}
    small.learn({"first": modes["first"]}, basis)
    small.learn(modes, basis)
    for name in MODES:
        described = (
            f'title = "{name}"\ndescription = "Random."\ncoefficients = "{name}"\nprompt = "Be {name}."\n'
        )
        (small.config / "modes" / f"{name}.toml").write_text(described)
    (small.config / "modes" / "plain.toml").write_text(
        'title = "plain"\ndescription = "A prompt."\nprompt = "Be."\n'
    )
    return small
