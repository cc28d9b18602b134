"""A model as it is planned: its shape and the bytes of its weights, from whatever describes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.header import Header, header_of
from engine.plan import config
from engine.plan.shape import Shape, Unplannable, check, shape_of


@dataclass(frozen=True, slots=True)
class Planned:
    """``weights`` in bytes; ``stored`` says how they are stored, ``notes`` what is not in the figures.

    ``header`` is that of a GGUF file.
    """

    name: str
    shape: Shape
    weights: int
    stored: str
    notes: tuple[str, ...] = ()
    header: Header | None = None


def read(path: Path, stored: str | None = None) -> Planned:
    """The model at ``path``: a GGUF file, a ``config.json``, or the directory of one.

    ``stored`` is the kind of weights to plan with where the file is a config (`kinds.NAMES`). Raises
    `Unplannable`.
    """
    try:
        if path.is_dir() or path.suffix == ".json":
            folder = path if path.is_dir() else path.parent
            found = config.read(path / "config.json" if path.is_dir() else path, folder, stored)
            return Planned(folder.resolve().name, found.shape, found.weights, found.stored, found.notes)
        if stored is not None:
            raise Unplannable(f"{path.name} is stored as it is: --weights is for a config.json")
        return _from_header(path, header_of(path))
    except OSError as error:
        raise Unplannable(
            f"{path} cannot be read ({error.strerror}): name a GGUF file, a config.json or its directory"
        ) from error
    except Unplannable as error:
        raise Unplannable(f"{path}: {error}") from error
    except ValueError as error:
        raise Unplannable(
            f"{path} is no GGUF file and no config.json ({error}): name one, or the directory of a model"
        ) from error


def _from_header(path: Path, header: Header) -> Planned:
    architecture = header.architecture or ""

    def number(key: str) -> int | None:
        return header.numbers.get(f"{architecture}.{key}")

    check(architecture, number)
    shapes = {tensor.name: tensor.shape for tensor in header.tensors}
    if "token_embd.weight" not in shapes:
        raise Unplannable("there is no token_embd.weight in it: name the first part of a whole model")
    shape = shape_of(architecture, number, shapes["token_embd.weight"][1])
    _check_layers(shape, shapes.get)
    sizes: dict[str, int] = {}
    for tensor in header.tensors:
        sizes[tensor.kind.name] = sizes.get(tensor.kind.name, 0) + tensor.size
    kinds = sorted(sizes, key=lambda kind: -sizes[kind])
    return Planned(path.stem, shape, sum(sizes.values()), ", ".join(kinds), header=header)


def _check_layers(shape: Shape, of: Callable[[str], tuple[int, ...] | None]) -> None:
    """Every layer's K and V must be in the file, and as wide as the metadata say."""
    for layer in range(shape.layers):
        for name, width in (("attn_k", shape.key), ("attn_v", shape.value)):
            found = of(f"blk.{layer}.{name}.weight")
            if found is None:
                raise Unplannable(
                    f"blk.{layer}.{name}.weight is not in it: a file split in parts, or a layer of another "
                    "kind, cannot be planned"
                )
            if found[1] != shape.kv_heads * width:
                raise Unplannable(
                    f"layer {layer} has {found[1]} numbers in {name} and not {shape.kv_heads * width}: "
                    "layers of different widths cannot be planned"
                )
