"""Deleting and bringing back, naming, exporting."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.ui.conftest import driving
from tests.tui.ui.stored import fill
from tui.core.session import Session

Begin = Callable[..., Session]


async def test_a_deleted_conversation_is_gone_until_undo_brings_it_back(begin: Begin) -> None:
    session = begin()
    bread = fill(session.store, ("About bread", "Flour and water."))
    light = fill(session.store, ("About light", "It travels."))
    async with driving(session, resume=light) as me:
        await me.send("/delete")
        assert "deleted: About light (/undo brings it back" in me.said
        assert (me.chat.dialogue.id, "It travels." in me.said) == (None, False)
        assert [one.id for one in session.store.list()] == [bread]
        await me.send("/undo")
        assert "back again: About light" in me.said and "It travels." in me.said
        assert me.chat.dialogue.id == light
        await me.send(f"/delete {bread[:8]}")
        assert "deleted: About bread" in me.said and "It travels." in me.said


async def test_deleting_where_an_answer_is_being_written_stops_it_and_keeps_it(begin: Begin) -> None:
    session = begin(mode="endless")
    async with driving(session) as me:
        await me.send("Write a very long story about a lighthouse, with many chapters.")
        await me.until(lambda: me.chat.presenter.meter.tokens > 3)
        await me.send("/delete")
        await me.until(lambda: me.chat.desk.resting)
        assert me.chat.desk.behind == ""
        await me.send("/undo")
        answer = me.chat.dialogue.path[-1]
        assert answer.status == "stopped" and answer.content and "lighthouse" in me.said


async def test_rename_names_the_conversation_on_record(begin: Begin) -> None:
    session = begin()
    async with driving(session, resume=fill(session.store, ("First", "Answer"))) as me:
        await me.send("/rename Towers   of light")
        assert session.store.latest().title == "Towers of light"
        await me.send("/rename")
        assert "a title is needed" in me.said


async def test_export_writes_markdown_or_json_by_the_name_and_overwrites_nothing(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    session = begin()
    async with driving(session, resume=fill(session.store, ("About light", "It travels."))) as me:
        await me.send("/export")
        text = Path("about-light.md").read_text()
        assert "# About light" in text and "It travels." in text
        await me.send("/export")
        assert "is there already" in me.said and Path("about-light.md").read_text() == text
        await me.send(f"/export {tmp_path}/light.json")
        messages = json.loads(Path("light.json").read_text())["messages"]
        assert [one["content"] for one in messages] == ["About light", "It travels."]
        await me.send("/export /nowhere/x.md")
        assert "cannot be written" in me.said
