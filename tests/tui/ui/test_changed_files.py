"""Modes and settings edited while the program runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.ui.conftest import SHORT, driving
from tui.core.session import Session
from tui.core.settings_file import SettingsFile

Begin = Callable[..., Session]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def watching(session: Session, config: Path) -> Session:
    session.settings_file = SettingsFile(
        config, {}, {"mode": "short", "threads": 1, "ascii": False, "tune": False}
    )
    return session


async def test_the_next_question_is_asked_in_the_mode_as_its_file_says_now(
    begin: Begin, tmp_path: Path
) -> None:
    async with driving(begin()) as me:
        await me.ask("Hello")
        (tmp_path / "modes" / "short.toml").write_text(SHORT + "seed = 5\n")
        await me.ask("Again")
        versions = [node.provenance.mode_version for node in me.chat.dialogue.path if node.provenance]
        assert len(set(versions)) == 2
        assert me.chat.dialogue.path[-1].provenance.sampling["seed"] == 5


async def test_a_broken_edit_keeps_the_mode_and_is_told_once(begin: Begin, tmp_path: Path) -> None:
    async with driving(begin(), size=(200, 30)) as me:
        (tmp_path / "modes" / "short.toml").write_text("title =\n")
        await me.ask("Hello")
        await me.ask("Again")
        assert me.said.count("short stays as it was until this is corrected") == 1
        assert me.chat.dialogue.path[-1].provenance.mode == "short"


async def test_a_mode_that_is_gone_is_spoken_in_until_another_is_chosen(begin: Begin, tmp_path: Path) -> None:
    async with driving(begin()) as me:
        (tmp_path / "modes" / "short.toml").unlink()
        await me.ask("Hello")
        assert me.chat.dialogue.path[-1].provenance.mode == "short"
        await me.send("/mode short")
        assert "no mode is called 'short'" in me.said


async def test_a_changed_setting_holds_from_the_next_line_on(begin: Begin, config: Path) -> None:
    async with driving(watching(begin(), config), size=(200, 30)) as me:
        config.write_text('theme = "light"\ncontext = 2048\n[keys]\nfold = "f7"\n')
        await me.send("/mode legal")
        await me.until(lambda: me.pilot.app.theme == "light")
        assert "context will change at the next start" in me.said
        await me.press("f7")
        await me.until(lambda: me.chat.transcript._unfolded)


async def test_a_broken_config_changes_nothing_and_is_told_once(begin: Begin, config: Path) -> None:
    async with driving(watching(begin(), config), size=(200, 30)) as me:
        config.write_text('theem = "light"\n')
        await me.send("/mode legal")
        await me.send("/mode off")
        assert me.said.count("unknown field (did you mean theme?)") == 1
        assert "the settings stay as they were until this is corrected" in me.said
        assert me.pilot.app.theme == "dark"


async def test_a_wrong_theme_or_key_in_an_edit_is_told(begin: Begin, config: Path) -> None:
    async with driving(watching(begin(), config), size=(200, 30)) as me:
        config.write_text('theme = "lihgt"\n[keys]\nfold = "x"\n')
        await me.send("/mode legal")
        await me.until(lambda: "no theme is called lihgt (did you mean light?)" in me.said)
        await me.until(lambda: "is a character to write" in me.said)


async def test_history_switched_off_in_an_edit_leaves_the_file_as_it_is(
    begin: Begin, config: Path, tmp_path: Path
) -> None:
    async with driving(watching(begin(), config), size=(200, 30)) as me:
        await me.send("/mode legal")
        config.write_text("history = false\n")
        os.utime(config, ns=(1, 1))
        await me.send("/mode off")
        await me.send("/mode coding")
        assert "coding" not in (tmp_path / "history.jsonl").read_text()
        await me.press("up")
        assert me.chat.prompt.text == "/mode coding"
