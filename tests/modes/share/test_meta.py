"""An adapter that was exported says what it is, and what came of it on the way can be told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modes.share.change import BadAdapter
from modes.share.exchange.meta import META, read_meta, write_meta

BASE = "a" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "adapter_model.safetensors").write_bytes(b"numbers")
    write_meta(tmp_path, BASE, {"mode": "legal"})
    return tmp_path


def test_what_was_written_is_read(folder: Path) -> None:
    meta = read_meta(folder, BASE)
    assert meta is not None
    assert meta["mode"] == "legal"
    assert list(meta["files"]) == ["adapter_config.json", "adapter_model.safetensors"]


def test_writing_again_describes_it_as_it_is_then(folder: Path) -> None:
    (folder / "adapter_config.json").write_text("{ }")
    write_meta(folder, BASE, {})
    assert read_meta(folder, BASE) is not None


def test_an_adapter_from_elsewhere_says_nothing(tmp_path: Path) -> None:
    assert read_meta(tmp_path, BASE) is None


def test_another_base_is_refused_with_both_named(folder: Path) -> None:
    with pytest.raises(BadAdapter, match="made for base aaaaaaaaaaaa, this one is bbbbbbbbbbbb"):
        read_meta(folder, "b" * 64)


def test_a_file_that_changed_is_missing_or_came_to_it_is_named(folder: Path) -> None:
    extra, tensors = folder / "extra.pkl", folder / "adapter_model.safetensors"
    extra.write_bytes(b"")
    with pytest.raises(BadAdapter, match=r"extra\.pkl is none of its files"):
        read_meta(folder, BASE)
    extra.unlink()
    tensors.write_bytes(b"numbera")
    with pytest.raises(BadAdapter, match=r"adapter_model\.safetensors is not what was exported"):
        read_meta(folder, BASE)
    tensors.unlink()
    with pytest.raises(BadAdapter, match=r"adapter_model\.safetensors is missing"):
        read_meta(folder, BASE)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1, "base": "x", "files": 3}', "\udcff"])
def test_what_is_no_description_is_told(folder: Path, text: str) -> None:
    (folder / META).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadAdapter, match="cannot be read"):
        read_meta(folder, BASE)


def test_a_newer_description_is_told(folder: Path) -> None:
    meta = json.loads((folder / META).read_text())
    (folder / META).write_text(json.dumps({**meta, "schema": 2}))
    with pytest.raises(BadAdapter, match="another version of modeshare"):
        read_meta(folder, BASE)
