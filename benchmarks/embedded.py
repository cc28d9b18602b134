"""Embeddings of a benchmark's texts, kept in a file so that they are computed once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from memory.contract import FloatArray
from memory.embed import LocalEmbedder

#: Rows between two savings: what a stopped run loses at most.
_STEP = 512


def embedded(
    embedder: LocalEmbedder, texts: Sequence[str], query: bool, folder: Path, name: str
) -> FloatArray:
    """``(len(texts), dim)``: from ``folder`` where the first texts are the same, else computed and saved."""
    file = folder / f"{name}-{embedder.model}.npz"
    rows = np.zeros((0, embedder.dim), dtype=np.float32)
    if file.is_file():
        kept = np.load(file)
        known = len(kept["rows"])
        if known <= len(texts) and str(kept["texts"]) == _hash(texts[:known]):
            rows = kept["rows"]
    folder.mkdir(parents=True, exist_ok=True)
    while len(rows) < len(texts):
        more = embedder.embed(texts[len(rows) : len(rows) + _STEP], query)
        rows = np.concatenate([rows, more])
        np.savez(file, rows=rows, texts=_hash(texts[: len(rows)]))
    return rows[: len(texts)]


def _hash(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
