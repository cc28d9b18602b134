"""GGUF LoRA files are written and read, in whatever numbers they are."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind
from gguf import GGUFWriter
from gguf.quants import quantize
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.adapter_file import BadAdapterFile, read_adapter_file, write_adapter_file
from engine.header import header_of

NAME = "blk.0.ffn_down.weight"
RNG = np.random.default_rng(0)
B, A = (RNG.standard_normal(shape).astype("f4") for shape in ((6, 32), (32, 64)))


def written(path: Path, kind: Kind | None, alpha: float = 0.0) -> Path:
    """As llama.cpp's converter writes it with that outtype; whole numbers for None."""
    writer = GGUFWriter(path, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for suffix, tensor in ((".lora_a", A), (".lora_b", B)):
        data = tensor.astype("i4") if kind is None else quantize(tensor, kind)
        writer.add_tensor(NAME + suffix, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def off(found: NDArray[np.float32], wanted: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def test_in_float32_the_factors_come_back_to_the_bit(tmp_path: Path) -> None:
    path = tmp_path / "adapter.gguf"
    assert write_adapter_file(path, "llama", {NAME: (B, A)}) == B.nbytes + A.nbytes
    architecture, factors = read_adapter_file(path)
    assert architecture == "llama"
    up, down = factors[NAME]
    assert (up == B).all()
    assert (down == A).all()


def test_packed_the_first_factor_takes_a_quarter_and_is_off_by_half_a_percent(tmp_path: Path) -> None:
    path = tmp_path / "adapter.gguf"
    size = write_adapter_file(path, "llama", {NAME: (B, A)}, packed={NAME})
    assert size == B.nbytes + A.size * 34 // 32
    up, down = read_adapter_file(path)[1][NAME]
    assert (up == B).all()
    assert 0 < off(down, A) < 0.01


def test_rows_that_cannot_be_packed_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "adapter.gguf"
    write_adapter_file(path, "llama", {NAME: (B, A[:, :50])}, packed={NAME})
    assert (read_adapter_file(path)[1][NAME][1] == A[:, :50]).all()


@pytest.mark.parametrize(("kind", "most"), [(Kind.F16, 1e-3), (Kind.BF16, 1e-2), (Kind.Q8_0, 1e-2)])
def test_a_file_in_other_numbers_is_read_for_what_they_say(tmp_path: Path, kind: Kind, most: float) -> None:
    up, down = read_adapter_file(written(tmp_path / "adapter.gguf", kind, alpha=64.0))[1][NAME]
    assert up.dtype == down.dtype == np.float32
    assert off(up, 2 * B) < most
    assert off(down, A) < most


def test_numbers_of_a_kind_that_no_adapter_has_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "adapter.gguf", None)
    with pytest.raises(BadAdapterFile, match=r"adapter\.gguf has numbers .*I32"):
        read_adapter_file(path)


@given(st.integers(0, 2**14))
def test_a_file_that_ends_too_early_is_refused_wherever_it_ends(
    tmp_path_factory: pytest.TempPathFactory, at: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "adapter.gguf"
    write_adapter_file(path, "llama", {NAME: (B, A)})
    whole = path.read_bytes()
    assert read_adapter_file(path)
    path.write_bytes(whole[: at % len(whole)])
    with pytest.raises(BadAdapterFile, match=r"adapter\.gguf (is cut off, .* are missing|cannot be read)"):
        read_adapter_file(path)


def test_of_a_file_that_ends_among_its_numbers_it_is_told_how_much_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "adapter.gguf"
    write_adapter_file(path, "llama", {NAME: (B, A)})
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(BadAdapterFile, match=r"is cut off, 1,000 bytes are missing: copy or fetch it again"):
        read_adapter_file(path)


def with_more(path: Path, tensor: str | None = None, key: str | None = None) -> Path:
    """As `written`, with something beside the factors."""
    writer = GGUFWriter(path, "llama")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 0.0)
    if key:
        writer.add_array(key, [1, 2])
    for name, one in ((f"{NAME}.lora_a", A), (f"{NAME}.lora_b", B), *([(tensor, B)] if tensor else [])):
        writer.add_tensor(name, one)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        ("blk.0.attn_norm.weight", "a whole weight"),
        ("blk.0.attn_v.weight.lora_b", "a second factor without its first"),
    ],
)
def test_what_is_in_a_file_beside_its_factors_is_named(tmp_path: Path, tensor: str, said: str) -> None:
    path = with_more(tmp_path / "adapter.gguf", tensor)
    with pytest.raises(BadAdapterFile, match=rf"{tensor} is {said}, which no mode can hold"):
        read_adapter_file(path)


def test_a_file_that_is_to_act_after_certain_words_only_is_refused(tmp_path: Path) -> None:
    path = with_more(tmp_path / "adapter.gguf", key="adapter.alora.invocation_tokens")
    with pytest.raises(BadAdapterFile, match="acts after certain words only"):
        read_adapter_file(path)


def test_a_value_of_a_type_that_nobody_knows_is_an_error_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "strange.gguf"
    path.write_bytes(struct.pack("<4sIQQQ3sI", b"GGUF", 3, 0, 1, 3, b"key", 99))
    with pytest.raises(
        BadAdapterFile, match=r"strange\.gguf cannot be read as GGUF \(a value of the unknown type 99"
    ):
        read_adapter_file(path)


def test_an_array_of_a_type_that_nobody_knows_and_an_alignment_of_0_are_errors_too(tmp_path: Path) -> None:
    path = tmp_path / "strange.gguf"
    path.write_bytes(struct.pack("<4sIQQQ3sIIQ", b"GGUF", 3, 0, 1, 3, b"key", 9, 77, 2))
    with pytest.raises(ValueError, match="unknown type 77"):
        header_of(path)
    key = b"general.alignment"
    path.write_bytes(struct.pack(f"<4sIQQQ{len(key)}sII", b"GGUF", 3, 0, 1, len(key), key, 4, 0))
    with pytest.raises(ValueError, match="an alignment of 0"):
        header_of(path)


@pytest.mark.parametrize(("up", "down"), [((6, 3), (2, 64)), ((6,), (1, 64))])
def test_factors_that_have_no_rank_in_common_are_named(
    tmp_path: Path, up: tuple[int, ...], down: tuple[int, ...]
) -> None:
    path = tmp_path / "adapter.gguf"
    write_adapter_file(path, "llama", {NAME: (np.ones(up, "f4"), np.ones(down, "f4"))})
    with pytest.raises(BadAdapterFile, match=rf"adapter\.gguf: {NAME} has factors .* no rank in common"):
        read_adapter_file(path)


def test_a_scale_that_is_no_number_is_not_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "adapter.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_string("adapter.type", "lora")
    writer.add_string("adapter.lora.alpha", "sixteen")
    writer.add_tensor(f"{NAME}.lora_a", A)
    writer.add_tensor(f"{NAME}.lora_b", B)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(BadAdapterFile, match=r"adapter\.lora\.alpha that is no number \(sixteen\)"):
        read_adapter_file(path)
