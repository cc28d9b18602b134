"""What the settings make: the store, what embeds, the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory.embed import LocalEmbedder, ServiceEmbedder
from tui.core.config import Config
from tui.core.remembering import embedder_of, open_store, server_of, server_shown


def config(**settings: object) -> Config:
    return Config().with_flags(**settings)


def test_the_store_is_private_and_redacts_what_is_searched_for(tmp_path: Path) -> None:
    store = open_store(tmp_path / "data")
    store.add("The password=hunter2hunter2 is here.")
    from memory.contract import Wanted

    assert store.by_keyword("hunter2hunter2", None, Wanted(), 5) == []
    assert len(store.by_keyword("here", None, Wanted(), 5)) == 1
    store.close()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_what_embeds_is_the_local_model_a_service_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert embedder_of(config(embedder="off")) is None
    assert isinstance(embedder_of(config()), LocalEmbedder)
    assert isinstance(embedder_of(config(embedder="local", embedder_model="/model")), LocalEmbedder)
    assert isinstance(embedder_of(config(embedder="http://127.0.0.1:9/embed")), ServiceEmbedder)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert embedder_of(config()) is None
    assert isinstance(embedder_of(config(embedder="local")), LocalEmbedder), "it says what to install"


def test_a_server_is_named_by_its_address_or_by_variables_with_postgres_only() -> None:
    assert server_of(config()) is None
    assert server_of(config(memory="off")) is None
    found = server_of(config(memory_server="postgresql://me:pw@h/db", memory_table="a.b", memory_vectors="m"))
    assert found is not None
    assert [found.dsn, found.schema, found.table, found.vectors] == ["postgresql://me:pw@h/db", "a", "b", "m"]
    by_variables = server_of(config(memory="postgres"))
    assert by_variables is not None
    assert [by_variables.dsn, by_variables.schema, by_variables.table] == [
        None,
        None,
        "thermal_memory_archive",
    ]
    assert server_shown(config(memory_server="postgresql://me:pw@h/db")) == "postgresql://me:***@h/db"
    assert server_shown(config(memory="postgres")) == "PG* variables"
