"""All that a running program holds, and its end."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from engine.contract import EngineError, ModelUnusable, Request
from modes.catalog import Catalog
from modes.voice import Voice
from tests.tui.talk import asked, finished
from tui.core.config import Config
from tui.core.session import Session
from tui.core.store import Store

SMALL = Config(context=256, threads=1, tune=False)


def begin(config: Config, store: Store, data: Path, modes: Path | None = None) -> Session:
    return Session.begin(config, Catalog.load(modes), store, data)


def test_a_session_begins_before_its_model_is_there_and_answers_when_it_is(
    store: Store, data: Path, base: Voice
) -> None:
    session = begin(SMALL, store, data)
    assert session.loader.engine is None
    turns = session.turns()
    assert session.turns() is turns, "what could not be saved is kept in it"
    assert finished(list(turns.run(asked(store, base)))).content
    assert session.notices == []
    session.loader.close()


def test_closing_a_session_closes_engine_and_store(data: Path) -> None:
    store = Store.open(data / "conversations.sqlite3")
    session = begin(SMALL, store, data)
    engine = session.loader.wait(30)
    session.close()
    with pytest.raises(EngineError, match="closed"):
        next(engine.generate(Request(())))
    with pytest.raises(sqlite3.ProgrammingError):
        store._db.execute("SELECT 1")


@pytest.mark.parametrize("wait", [True, False])
def test_a_session_whose_model_is_missing_still_closes_its_store(data: Path, wait: bool) -> None:
    store = Store.open(data / "conversations.sqlite3")
    session = begin(Config(model=data / "absent.gguf"), store, data)
    if wait:
        with pytest.raises(ModelUnusable, match=r"absent\.gguf"):
            session.turns()
    session.close()
    with pytest.raises(sqlite3.ProgrammingError):
        store._db.execute("SELECT 1")


def test_what_was_wrong_at_the_start_is_told_once_each(tmp_path: Path, data: Path) -> None:
    modes = tmp_path / "modes"
    modes.mkdir()
    (modes / "odd.toml").write_text("title = 3")
    path = tmp_path / "conversations.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    session = begin(SMALL, Store.open(path), data, modes)
    mode, damaged = session.notices
    assert mode.count("odd.toml") == 1
    assert "title" in mode
    assert "damaged" in damaged
    session.close()


def test_the_fingerprint_of_the_model_is_remembered_beside_the_conversations(tmp_path: Path) -> None:
    session = begin(SMALL, Store.open(None), tmp_path)
    assert session.loader.wait(30).fingerprint()
    session.close()
    again = begin(SMALL, Store.open(None), tmp_path)
    assert again.loader.wait(30).fingerprint(wait=False), "known at once, the file is not read again"
    again.close()
