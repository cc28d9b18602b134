"""Modes inside the model: shared U and V resident once, and cores that are chosen row by row.

For a row in a mode a wrapped module gives W0 x + U C Vᵀ x; a row in none gets W0 x, bit for bit. It must not
know names of modes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlx.utils import tree_unflatten

from engine.mlx.library import mx, nn

#: ``((digest of the coefficients, scale), ...)`` in order of digest: what K and V depend on beside tokens.
Key = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """One module's factors for vectors in rows: ``down`` V (d × k), ``up`` Uᵀ (k × n)."""

    down: Any
    up: Any


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """What is added in one module: cores Cᵀ (k × k), or (rows × k × k) with one for each row."""

    space: Space
    core: Any


#: Terms by the module's number; a module that is absent is left alone.
Terms = Mapping[int, Sequence[Term]]


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """Coefficients of one request, blended: rows with the same ``key`` are computed alike."""

    key: Key = ()
    terms: Terms = field(default_factory=dict)

    def __deepcopy__(self, _memo: object) -> Mix:
        return self


BASE = Mix()


class Selection:
    """Which terms the next forward pass uses: one pointer, so a change of mode costs no more than that."""

    def __init__(self) -> None:
        self.terms: Terms = BASE.terms
        self._rows: tuple[Key, ...] = ()

    def choose(self, rows: Sequence[Mix]) -> None:
        """One row for each of the batch."""
        keys = tuple(row.key for row in rows)
        if keys == self._rows:
            return
        self.terms = rows[0].terms if len(set(keys)) == 1 else _stacked(rows)
        self._rows = keys

    def forget(self) -> None:
        """Hold on to no coefficients."""
        self.terms, self._rows = BASE.terms, ()


def _stacked(rows: Sequence[Mix]) -> Terms:
    """A core for each row; zeros where a row has none."""
    stacked: dict[int, list[Term]] = {}
    for module in sorted({module for row in rows for module in row.terms}):
        cores = [{term.space: term.core for term in row.terms.get(module, ())} for row in rows]
        for space in dict.fromkeys(space for found in cores for space in found):
            nothing = mx.zeros((space.down.shape[1],) * 2, space.down.dtype)
            core = mx.stack([found.get(space, nothing) for found in cores])
            stacked.setdefault(module, []).append(Term(space, core))
    mx.eval([term.core for terms in stacked.values() for term in terms])
    return stacked


class ShareLinear(nn.Module):
    """A projection ``base`` with the terms that ``selection`` has for it under ``number``."""

    def __init__(self, base: Any, number: int, selection: Selection) -> None:
        super().__init__()
        self.base = base
        self._number, self._selection = number, selection

    def __call__(self, x: Any) -> Any:
        """Vectors ``x`` (rows × tokens × d) to (rows × tokens × n)."""
        y = self.base(x)
        for term in self._selection.terms.get(self._number, ()):
            y = mx.addmm(y, (x @ term.space.down) @ term.core, term.space.up)
        return y


class Wrapping:
    """The projections of one model that can be wrapped, by tensor name; each is wrapped once it is needed."""

    def __init__(self, model: Any, modules: Mapping[str, str]) -> None:
        self.selection = Selection()
        self._model = model
        self._found = dict(model.named_modules())
        self._modules = modules
        self._numbers: dict[str, int] = {}

    def shape(self, name: str) -> tuple[int, int] | None:
        """(n, d) of a module; None for one that the model does not have. Raises `ValueError` for a kind of
        module that cannot be wrapped.
        """
        path = self._modules.get(name)
        if path is None:
            return None
        module = self._found[path]
        if not isinstance(module, (nn.Linear, nn.QuantizedLinear)):
            raise ValueError(f"{path} is a {type(module).__name__}, which takes no change")
        rows, columns = module.weight.shape
        packed = isinstance(module, nn.QuantizedLinear)
        return rows, columns * 32 // module.bits if packed else columns

    def dtype(self, name: str) -> Any:
        """What the module computes in."""
        module = self._found[self._modules[name]]
        return module.scales.dtype if isinstance(module, nn.QuantizedLinear) else module.weight.dtype

    def number(self, name: str) -> int:
        """The number under which the module's terms are looked for, from now on."""
        if name not in self._numbers:
            path, number = self._modules[name], len(self._numbers)
            wrapped = ShareLinear(self._found[path], number, self.selection)
            self._model.update_modules(tree_unflatten([(path, wrapped)]))
            self._numbers[name] = number
        return self._numbers[name]
