"""A header that says impossible things is a damaged file, and no error of ours."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from engine.header import header_of

_KEY = struct.pack("<Q", 1) + b"k"


@pytest.mark.parametrize(
    "said",
    [
        struct.pack("<Q", 2**64 - 1),  # a key that is longer than anything
        struct.pack("<Q", 2**62),
        _KEY + struct.pack("<IIQ", 9, 10, 2**63),  # an array of so many numbers
        _KEY + struct.pack("<IIQ", 9, 8, 2**63),  # of so many words
        _KEY + struct.pack("<IQ", 8, 2**64 - 1),  # a word of so many letters
    ],
)
def test_sizes_beyond_the_file_are_said_to_be_cut_off(tmp_path: Path, said: bytes) -> None:
    file = tmp_path / "damaged.gguf"
    file.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + said + bytes(64))
    with pytest.raises(ValueError, match="cut off"):
        header_of(file)
