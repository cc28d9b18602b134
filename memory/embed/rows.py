"""What every embedder does with texts before, and with rows after, whoever computes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from memory.contract import EmbedderUnavailable, FloatArray

#: Models read a few hundred tokens. More characters than this are only work for the tokenizer.
LONGEST = 8_000


def readable(text: str) -> str:
    """The part of ``text`` that a model may read, as Unicode that any tokenizer takes: no lone surrogates."""
    return text[:LONGEST].encode("utf-8", "replace").decode("utf-8")


def unit_rows(values: Any, count: int, dim: int | None, who: str) -> FloatArray:
    """``values`` as ``(count, dim)`` float32 rows of length 1; ``dim`` None takes any.

    Raises `EmbedderUnavailable`, with ``who`` made them, for what is no such matrix of finite numbers.
    """
    try:
        rows: FloatArray = np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        raise EmbedderUnavailable(f"{who} gave vectors that are not rows of numbers of one length") from None
    if rows.ndim != 2 or rows.shape[0] != count or rows.shape[1] == 0:
        raise EmbedderUnavailable(f"{who} gave vectors of shape {rows.shape} for {count} texts")
    if dim is not None and rows.shape[1] != dim:
        raise EmbedderUnavailable(
            f"{who} gave vectors of {rows.shape[1]} dimensions, and {dim} before: it serves another model now"
        )
    # In float64: the squares of large float32 numbers overflow.
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0.0).any():
        raise EmbedderUnavailable(f"{who} gave a vector with NaN or infinite numbers, or of length 0")
    unit: FloatArray = (rows / lengths).astype(np.float32)
    return unit
