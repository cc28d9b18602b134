"""Coefficients as LoRA adapters for other programs.

It must not know where coefficients are kept, nor who takes the files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.lowrank import Basis, Coefficients
    from engine.remote.shelf import Export, Form
    from modes.share.change import Change

#: Singular values below this share of the largest are rounding, and are left out of an adapter.
_NOISE = 1e-4


def write_mode(
    form: Form,
    target: Path,
    basis: Basis,
    coefficients: Coefficients,
    model: Path,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write an adapter in ``form`` at ``target`` for the base in the GGUF ``model``.

    It is there when it is whole. Raises `BadAdapter`, `OSError`.
    A folder says what it holds, and ``about`` it (`modes.share.exchange.meta`).
    """
    from modes.share.checking import digest
    from modes.share.exchange import FORMS, BaseModel
    from modes.share.exchange.meta import write_meta
    from modes.share.subspace import reconstructed

    base = BaseModel.of(model)
    found = reconstructed(basis, coefficients)
    changes = {name: _lean(change) for name, change in found.items() if change.norm > 0}
    with _made(target) as made:
        FORMS[form](made, changes, base)
        if made.is_dir():
            said = {
                "model": model.name,
                "architecture": base.architecture,
                "form": form,
                "rank": max(change.left.shape[1] for change in changes.values()),
                "modules": len(changes),
                "digest": digest(basis, coefficients),
            }
            write_meta(made, basis.base, {**said, **(about or {})})


@contextmanager
def _made(target: Path) -> Iterator[Path]:
    """Where to make what is to be at ``target`` when it is whole, and not at all if it fails."""
    there = next(folder for folder in target.absolute().parents if folder.exists())
    with tempfile.TemporaryDirectory(dir=there, prefix=".making-") as making:
        made = Path(making) / target.name
        yield made
        target.parent.mkdir(parents=True, exist_ok=True)
        made.replace(target)


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
