"""Memories and vectors to test with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from memory.contract import Candidate, FloatArray, Vector
from memory.record import Memory

MODEL, DIM = "tests-1", 8
ROW = Memory("0", "text", 50.0, 1e9, 1e9, "federation")


class Ticking:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1.7e9

    def __call__(self) -> float:
        return self.now


def row(id: str, content: str, **fields: Any) -> Memory:
    """A federation's row."""
    return replace(ROW, id=id, content=content, **fields)


def vectors(n: int, dim: int = DIM, seed: int = 0) -> FloatArray:
    made = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


def query(values: FloatArray, model: str = MODEL) -> Vector:
    return Vector(values, model)


def ids(found: list[Candidate]) -> list[str]:
    return [one.memory.id for one in found]
