"""Where a GGUF keeps its tensors: the header walked once, with everything that is not asked for skipped.

``gguf.GGUFReader`` makes an array of every token of the vocabulary, which takes seconds for a large one and
holds up every other thread meanwhile. The format is that of ggml's ``docs/gguf.md``, little-endian.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

#: Bytes of a value by its type number: 8, 16 and 32 bits, bool, 64 bits.
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
#: Whole numbers by their type number, as `struct` reads them.
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 10: "Q", 11: "q"}
_DEFAULT_ALIGNMENT = 32


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: ``shape`` as in the file (fastest dimension first), ``start`` and ``size`` in bytes."""

    name: str
    shape: tuple[int, ...]
    kind: GGMLQuantizationType
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Header:
    """What tells one base from another."""

    architecture: str | None
    tensors: tuple[Tensor, ...]
    #: Whole numbers among the metadata, such as ``llama.attention.head_count``.
    numbers: Mapping[str, int]


def header_of(path: Path) -> Header:
    """The header of the GGUF file at ``path``. Raises `ValueError` for anything else, `OSError`."""
    try:
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as data,
        ):
            return read_header(data)
    except (struct.error, OverflowError) as error:
        raise ValueError(f"the header is cut off ({error})") from error


def read_header(data: memoryview) -> Header:
    """The header of a whole GGUF file. Raises `ValueError` or `struct.error` for anything else."""
    if bytes(data[:4]) != b"GGUF":
        raise ValueError("not a GGUF file")
    walk = _Walk(data, at=8)
    tensors, pairs = walk.number("Q"), walk.number("Q")
    architecture, numbers = None, {}
    for _ in range(pairs):
        key, kind = walk.text(), walk.number("I")
        if key == "general.architecture" and kind == _STRING:
            architecture = walk.text()
        elif kind in _NUMBERS:
            numbers[key] = walk.number(_NUMBERS[kind])
        else:
            walk.skip(kind)
    alignment = numbers.get("general.alignment", _DEFAULT_ALIGNMENT)
    if alignment < 1:
        raise ValueError(f"an alignment of {alignment}")
    entries = [walk.entry() for _ in range(tensors)]
    base = -(-walk.at // alignment) * alignment
    return Header(architecture, tuple(replace(entry, start=base + entry.start) for entry in entries), numbers)


class _Walk:
    """A place in the header that moves on with all that is read."""

    def __init__(self, data: memoryview, at: int) -> None:
        self._data, self.at = data, at

    def number(self, code: str) -> int:
        value: int = struct.unpack_from("<" + code, self._data, self.at)[0]
        self.at += struct.calcsize("<" + code)
        return value

    def text(self) -> str:
        size = self.number("Q")
        self.at += size
        return bytes(self._data[self.at - size : self.at]).decode("utf-8", "replace")

    def skip(self, kind: int) -> None:
        if kind == _STRING:
            self._skip_strings(1)
        elif kind == _ARRAY:
            inner, count = self.number("I"), self.number("Q")
            if inner == _STRING:
                self._skip_strings(count)
            elif inner == _ARRAY:
                for _ in range(count):
                    self.skip(inner)
            else:
                self.at += _size(inner) * count
        else:
            self.at += _size(kind)

    def _skip_strings(self, count: int) -> None:
        at, length = self.at, struct.Struct("<Q").unpack_from
        for _ in range(count):
            at += 8 + length(self._data, at)[0]
        self.at = at

    def entry(self) -> Tensor:
        """A tensor whose ``start`` is counted from where the tensors begin."""
        name = self.text()
        shape = tuple(self.number("Q") for _ in range(self.number("I")))
        kind, start = GGMLQuantizationType(self.number("I")), self.number("Q")
        block, size = GGML_QUANT_SIZES[kind]
        return Tensor(name, shape, kind, start, prod(shape) // block * size)


def _size(kind: int) -> int:
    if kind not in _SIZES:
        raise ValueError(f"a value of the unknown type {kind}")
    return _SIZES[kind]
