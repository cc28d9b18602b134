"""Projections with a low-rank change: mlx-lm's LoRA for free factors, a core in shared directions around."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from mlx.utils import tree_unflatten
from mlx_lm.tuner.lora import LoRALinear
from mlx_lm.tuner.trainer import grad_checkpoint

from engine.lowrank import Subspace
from engine.mlx.library import mx, nn
from engine.mlx.share import Wrapping
from modes.share.change import Adapter, Change, Matrix
from modes.training.endings import CannotTrain


class CoreLinear(nn.Module):
    """``base`` with a core: y = base(x) + U C Vᵀ x; C (k × k) learns and begins at zero, U and V stay."""

    def __init__(self, base: Any, subspace: Subspace) -> None:
        super().__init__()
        self.base = base
        # An underscore keeps them out of the parameters.
        self._down, self._up = mx.array(subspace.down), mx.array(np.ascontiguousarray(subspace.up.T))
        self.core = mx.zeros((subspace.rank, subspace.rank))

    def __call__(self, x: Any) -> Any:
        """Vectors ``x`` (… × d) to (… × n)."""
        y = self.base(x)
        return y + (((x @ self._down) @ self.core.T) @ self._up).astype(y.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class Adapted:
    """What learns in one module, all of it in float32: a core, and free factors A (d × φ) and B (φ × n)."""

    shape: tuple[int, int]
    lora: Any = None
    shared: Any = None
    subspace: Subspace | None = None

    def parts(self) -> dict[str, Any]:
        """What learns, by its name."""
        core = {} if self.shared is None else {"core": self.shared.core}
        free = {} if self.lora is None else {"a": self.lora.lora_a, "b": self.lora.lora_b}
        return core | free

    def put(self, part: str, value: Any) -> None:
        """Take ``value`` for what learns under that name."""
        if part == "core":
            self.shared.core = value
        else:
            setattr(self.lora, f"lora_{part}", value)

    def change(self) -> Change:
        """ΔW as it is now."""
        n, d = self.shape
        lefts: list[Matrix] = [np.zeros((n, 0))]
        rights: list[Matrix] = [np.zeros((d, 0))]
        if self.subspace is not None:
            lefts.append(self.subspace.up.astype("f8") @ _wide(self.shared.core))
            rights.append(self.subspace.down.astype("f8"))
        if self.lora is not None:
            lefts.append(self.lora.scale * _wide(self.lora.lora_b).T)
            rights.append(_wide(self.lora.lora_a))
        return Change(np.hstack(lefts), np.hstack(rights))


def adapt(
    model: Any,
    modules: Mapping[str, str],
    subspaces: Mapping[str, Subspace],
    directions: int,
    scale: float,
    start: Adapter | None = None,
) -> dict[str, Adapted]:
    """Put what learns around every module of ``model`` that ``modules`` lists (its path by our name).

    The rest is frozen. ``start`` are the changes that the free factors begin with; else A begins at random
    and B at zero. Raises `CannotTrain` for a module that takes no change.
    """
    model.freeze()
    shapes, found = Wrapping(model, modules), dict(model.named_modules())
    layers = {}
    for name, path in modules.items():
        try:
            shape = shapes.shape(name)
        except ValueError as error:
            raise CannotTrain(f"{error}: name other modules (--targets)") from error
        assert shape is not None, "the paths are the model's own"
        outer, lora, shared = found[path], None, None
        if directions:
            outer = lora = LoRALinear.from_base(outer, directions, scale=scale)
            if start is not None and name in start:
                _begin(lora, start[name])
        subspace = subspaces.get(name)
        if subspace is not None and subspace.rank:
            outer = shared = CoreLinear(outer, subspace)
        layers[name] = Adapted(shape, lora, shared, subspace if shared is not None else None)
        model.update_modules(tree_unflatten([(path, outer)]))
    mx.eval([part for layer in layers.values() for part in layer.parts().values()])
    return layers


def _begin(lora: Any, change: Change) -> None:
    rank = change.left.shape[1]
    lora.lora_a[:, :rank] = mx.array(change.right.astype("f4"))
    lora.lora_b[:rank] = mx.array((change.left.T / lora.scale).astype("f4"))


@contextmanager
def checkpointed(model: Any) -> Iterator[None]:
    """As long as it is entered, activations inside a layer are computed again instead of kept.

    mlx-lm's ``grad_checkpoint`` changes the class of a layer; here for every kind that the model has, and not
    for good.
    """
    kinds = {type(layer): layer for layer in model.layers}
    before = {kind: kind.__call__ for kind in kinds}
    try:
        for layer in kinds.values():
            grad_checkpoint(layer)
        yield
    finally:
        for kind, call in before.items():
            kind.__call__ = call


def _wide(array: Any) -> Matrix:
    return np.array(array).astype("f8")
