"""Norms of weights, by the file's own header."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from modes.share.change import BadAdapter
from modes.share.norms import weight_norms

MODULES = ("blk.0.ffn_down.weight", "blk.29.attn_output.weight")


def test_the_norms_are_those_of_the_weights_as_the_format_s_own_reader_has_them(starter: Path) -> None:
    theirs = {
        str(one.name): np.linalg.norm(gguf.quants.dequantize(one.data, one.tensor_type))
        for one in gguf.GGUFReader(starter).tensors
        if one.name in MODULES
    }
    assert weight_norms(starter, MODULES) == pytest.approx(theirs)


def test_a_module_that_the_model_does_not_have_is_named(starter: Path) -> None:
    with pytest.raises(BadAdapter, match=r"has no blk\.99\.ffn_down\.weight: the subspace is not for this"):
        weight_norms(starter, (*MODULES, "blk.99.ffn_down.weight"))


@pytest.mark.parametrize("content", [b"", b"no model", b"GGUF\x03\x00\x00\x00"])
def test_what_is_no_model_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd.gguf").write_bytes(content)
    with pytest.raises(BadAdapter, match=r"odd\.gguf: the weights cannot be read"):
        weight_norms(tmp_path / "odd.gguf", MODULES)
