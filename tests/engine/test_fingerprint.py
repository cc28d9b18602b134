"""The identity of a base: changed by whatever it computes with, and by nothing else."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from numpy.typing import NDArray

from engine.fingerprint import fingerprint
from engine.header import read_header
from engine.memo import remembered

WEIGHTS = {
    "a.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b.weight": np.ones(4, dtype=np.float32),
}


def write(
    path: Path,
    architecture: str = "llama",
    tensors: dict[str, NDArray[Any]] = WEIGHTS,
    kind: GGMLQuantizationType | None = None,
    **words: str,
) -> Path:
    writer = GGUFWriter(path, architecture)
    writer.add_array("tokenizer.ggml.tokens", ["one", "two", "Ꭳ"])
    writer.add_array("tokenizer.ggml.scores", [0.5, 1.5, 2.5])
    writer.add_bool("tokenizer.ggml.add_bos_token", False)
    for key, value in words.items():
        writer.add_string(key.replace("_", "."), value)
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write(tmp_path / "base.gguf")


def test_a_copy_is_the_same_base(base: Path, tmp_path: Path) -> None:
    known = fingerprint(base)
    assert known is not None
    assert len(known) == 64
    assert fingerprint(write(tmp_path / "copy.gguf")) == known


def test_another_title_or_chat_template_is_the_same_base(base: Path, tmp_path: Path) -> None:
    retold = write(tmp_path / "retold.gguf", general_name="Title", tokenizer_chat_template="{{ messages }}")
    assert retold.stat().st_size != base.stat().st_size
    assert fingerprint(retold) == fingerprint(base)


@pytest.mark.parametrize("change", ["value", "name", "shape", "order", "one fewer", "architecture", "type"])
def test_whatever_it_computes_with_makes_it_another_base(base: Path, tmp_path: Path, change: str) -> None:
    a, b = WEIGHTS["a.weight"], WEIGHTS["b.weight"]
    kind = GGMLQuantizationType.I32 if change == "type" else None
    changed: dict[str, dict[str, NDArray[Any]]] = {
        "value": {"a.weight": a, "b.weight": b * np.float32(1 + 1e-7)},
        "name": {"a.weight": a, "c.weight": b},
        "shape": {"a.weight": a.reshape(3, 2), "b.weight": b},
        "order": {"b.weight": b, "a.weight": a},
        "one fewer": {"a.weight": a},
    }
    architecture = "gemma3" if change == "architecture" else "llama"
    other = write(tmp_path / "other.gguf", architecture, changed.get(change, WEIGHTS), kind)
    assert fingerprint(other) != fingerprint(base)


def test_reading_that_was_given_up_has_no_result(base: Path) -> None:
    given_up = threading.Event()
    given_up.set()
    assert fingerprint(base, given_up) is None


def test_the_starters_identity_does_not_change_from_release_to_release(
    starter: Path, fingerprints: Path
) -> None:
    """Coefficients are bound to it: whoever changes how it is made orphans every trained mode."""
    known = remembered(starter, fingerprints) or fingerprint(starter)
    assert known == "6763b3be017f7653199c90affd0374deeb901642952f341feb1f64b6edb6320c"


def test_the_header_is_read_as_the_gguf_package_reads_it(base: Path) -> None:
    reader = GGUFReader(base)
    header = read_header(memoryview(base.read_bytes()))
    assert header.architecture == "llama"
    assert [(t.name, list(t.shape), t.kind, t.start, t.size) for t in header.tensors] == [
        (t.name, t.shape.tolist(), t.tensor_type, t.data_offset, t.n_bytes) for t in reader.tensors
    ]
