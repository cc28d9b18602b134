"""Coefficients as LoRA adapters for other programs.

It must not know where coefficients are kept, nor who takes the files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.lowrank import Basis, Coefficients
    from engine.remote.shelf import Export, Form
    from modes.share.change import Change

#: Singular values below this share of the largest are rounding, and are left out of an adapter.
_NOISE = 1e-4


def write_mode(form: Form, target: Path, basis: Basis, coefficients: Coefficients, model: Path) -> None:
    """Write an adapter in ``form`` at ``target`` for the base in the GGUF ``model``. Raises `BadAdapter`."""
    from modes.share.exchange import FORMS, BaseModel
    from modes.share.subspace import reconstructed

    changes = reconstructed(basis, coefficients)
    FORMS[form](target, {name: _lean(change) for name, change in changes.items()}, BaseModel.of(model))


def exporter() -> Export:
    """`write_mode` for an engine, which knows neither files of adapters nor their errors."""

    def export(form: Form, target: Path, basis: Basis, coefficients: Coefficients, model: Path) -> None:
        from engine.contract import AdapterRefused
        from modes.share.change import BadAdapter

        try:
            write_mode(form, target, basis, coefficients, model)
        except BadAdapter as error:
            raise AdapterRefused(f"{target.name} cannot be written: {error}") from error

    return export


def _lean(change: Change) -> Change:
    values = change.singular_values()
    return change.truncated(max(1, int((values > values[0] * _NOISE).sum())) if len(values) else 1)
