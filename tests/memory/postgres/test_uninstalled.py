"""A server that is named where the extra for it is not installed."""

from __future__ import annotations

import importlib.util
from contextlib import closing

import pytest

from memory.contract import MemoryUnavailable
from memory.postgres.source import Server, ServerSource


def test_without_psycopg_the_extra_that_brings_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    source = ServerSource.connect(Server("postgresql://u:secret@127.0.0.1/x"))
    said = r"pip install 'modeshare\[postgres\]'"
    with closing(source), pytest.raises(MemoryUnavailable, match=said) as told:
        source.by_id(["1"], None)
    assert "secret" not in str(told.value)
