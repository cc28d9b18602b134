"""Vectors in a file beside the store, mapped into memory: for more rows than main memory should hold.

The file is a cache: without it, or with one that does not fit, it is made anew from the table. It appears
whole or not at all, and no process ever changes one that is there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from memory.sqlite.matrix import Rows
from memory.sqlite.opening import beside

_HEADER = 65_536
_MAGIC = "modeshare vectors 1"
#: What a killed program left is removed after so many seconds.
_ABANDONED = 3600.0


class Head(NamedTuple):
    """What the rows are: of which store and model, as of which change, with which domains."""

    store: str
    model: str
    dim: int
    rows: int
    generation: int
    domains: list[str | None]


def file_of(path: Path, model: str) -> Path:
    """Where the vectors of ``model`` are kept for the store at ``path``."""
    return beside(path, f".vectors-{hashlib.sha256(model.encode()).hexdigest()[:16]}")


def write(file: Path, head: Head, chunks: Iterable[Rows]) -> None:
    """Make ``file`` of rows that come in the order of their seqs. Raises `OSError`."""
    part = beside(file, f".{secrets.token_hex(8)}.part")
    _sweep(file)
    try:
        # Written, not mapped: a full disk is then an error and not the end of the process.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with part.open("r+b") as out:
            seqs, facets = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
            out.seek(_HEADER)
            for rows in chunks:
                out.write(np.ascontiguousarray(rows.vectors, np.float32).data)
                seqs.append(rows.seqs)
                facets.append(rows.facets)
            all_seqs = np.concatenate(seqs)
            out.write(all_seqs.data)
            out.write(np.concatenate(facets).data)
            known = json.dumps({"magic": _MAGIC, **head._replace(rows=len(all_seqs))._asdict()}).encode()
            if len(known) > _HEADER:
                raise OSError("too many domains for the header")
            out.seek(0)
            out.write(known.ljust(_HEADER))
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def read(file: Path, store: str, model: str, dim: int) -> tuple[Head, Rows] | None:
    """The rows in ``file``, None where it is missing, torn or of something else."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        with file.open("rb") as opened:
            known = json.loads(opened.read(_HEADER))
        if known.pop("magic") != _MAGIC:
            return None
        head = Head(**known)
        n = head.rows
        if (head.store, head.model, head.dim) != (store, model, dim) or file.stat().st_size != _size(n, dim):
            return None
        after = _HEADER + 4 * n * dim
        vectors = np.memmap(file, np.float32, "r", _HEADER, (n, dim))
        seqs = np.fromfile(file, np.int64, n, offset=after)
        facets = np.fromfile(file, np.int32, n, offset=after + 8 * n)
        return head, Rows(seqs, vectors, facets)
    return None


def _size(rows: int, dim: int) -> int:
    return _HEADER + rows * (4 * dim + 8 + 4)


def _sweep(file: Path) -> None:
    for left in file.parent.glob(f"{file.name}.*.part"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()
