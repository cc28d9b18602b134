"""Coefficients as terms of the model, and their linear blend: cores of one space are added together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.mlx.library import mx
from engine.mlx.share import Space, Term, Terms


@dataclass(frozen=True, slots=True, eq=False)
class Mode:
    """Installed coefficients: a digest of all they compute, a term for each module, bytes of the cores."""

    digest: str
    terms: Mapping[int, Term]
    size: int


def blended(parts: Sequence[tuple[Mode, float]]) -> Terms:
    """Σ scale C for every module, cores of one space added together."""
    cores: dict[tuple[int, Space], Any] = {}
    for module, term, scale in _terms(parts):
        scaled = term.core if scale == 1.0 else term.core * scale
        at = (module, term.space)
        cores[at] = cores[at] + scaled if at in cores else scaled
    mx.eval(list(cores.values()))
    terms: dict[int, list[Term]] = {}
    for (module, space), core in cores.items():
        terms.setdefault(module, []).append(Term(space, core))
    return terms


def _terms(parts: Sequence[tuple[Mode, float]]) -> Iterator[tuple[int, Term, float]]:
    for mode, scale in parts:
        for module, term in mode.terms.items():
            yield module, term, scale
