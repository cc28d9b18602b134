"""Facts about files, remembered between runs until the file changes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from engine.memo import remember, remembered


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.gguf"
    path.write_bytes(b"weights")
    return path


def test_what_was_remembered_is_known_again(base: Path, tmp_path: Path) -> None:
    cache = tmp_path / "new" / "folder" / "known.json"
    assert remembered(base, cache) is None
    remember(base, "abc", cache)
    other = tmp_path / "other.gguf"
    other.write_bytes(b"another")
    remember(other, "def", cache)
    assert [remembered(base, cache), remembered(other, cache)] == ["abc", "def"]


def test_a_file_that_was_changed_is_not_known_any_more(base: Path, tmp_path: Path) -> None:
    cache = tmp_path / "known.json"
    remember(base, "abc", cache)
    os.utime(base, ns=(0, 1))
    assert remembered(base, cache) is None
    remember(base, "new", cache)
    assert remembered(base, cache) == "new"


def test_a_link_to_a_file_is_that_file(base: Path, tmp_path: Path) -> None:
    cache, link = tmp_path / "known.json", tmp_path / "link.gguf"
    link.symlink_to(base)
    remember(link, "abc", cache)
    assert remembered(base, cache) == "abc"


@pytest.mark.parametrize(
    "spoilt", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"BASE": 3}', b'{"BASE": {"stamp": []}}']
)
def test_a_spoilt_memory_is_no_memory_and_is_mended(base: Path, tmp_path: Path, spoilt: bytes) -> None:
    cache = tmp_path / "known.json"
    cache.write_bytes(spoilt.replace(b'"BASE"', json.dumps(str(base)).encode()))
    assert remembered(base, cache) is None
    remember(base, "abc", cache)
    assert remembered(base, cache) == "abc"


def test_remembering_leaves_nothing_but_the_memory_and_keeps_it_private(base: Path, tmp_path: Path) -> None:
    cache = tmp_path / "data" / "known.json"
    remember(base, "abc", cache)
    remember(base, "def", cache)
    assert list(cache.parent.iterdir()) == [cache]
    assert [cache.stat().st_mode & 0o777, cache.parent.stat().st_mode & 0o777] == [0o600, 0o700]


def test_where_nothing_can_be_written_nothing_is_remembered_and_nothing_breaks(
    base: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    remember(base, "abc", blocked / "known.json")
    assert remembered(base, blocked / "known.json") is None
