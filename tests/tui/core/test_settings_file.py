"""config.toml edited while the program runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tui.core.config import LIVE, NAMES, Config
from tui.core.settings_file import SettingsFile


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def opened(file: Path, variables: dict[str, str] | None = None, **flags: Any) -> tuple[SettingsFile, Config]:
    source = SettingsFile(file, variables or {}, flags)
    return source, Config.load(file, variables or {}).with_flags(**flags)


def test_an_unchanged_file_says_nothing(file: Path) -> None:
    source, config = opened(file)
    assert source.changed(config) is None
    file.write_text('theme = "light"\n')
    assert source.changed(config) is not None
    assert source.changed(config) is None


def test_what_can_change_at_once_does_and_the_rest_is_named(file: Path) -> None:
    source, config = opened(file)
    file.write_text('theme = "light"\nthreads = 3\nmouse = false\n[keys]\nfold = "f2"\n')
    found = source.changed(config)
    assert found is not None
    new, said = found
    assert (new.theme, new.keys, new.threads, new.mouse) == ("light", {"fold": "f2"}, None, True)
    assert said == (f"{file} was changed: theme, keys changed; threads, mouse will change at the next start")


def test_variables_and_flags_stay_above_the_file(file: Path) -> None:
    source, config = opened(file, {"MODESHARE_THEME": "dark"}, mode="legal")
    file.write_text('theme = "light"\nmode = "coding"\n')
    new, said = source.changed(config) or (None, "")
    assert new == config and "no setting differs" in said


def test_a_broken_file_leaves_the_settings_and_is_told_once(file: Path) -> None:
    file.write_text('theme = "light"\n')
    source, config = opened(file)
    file.write_text("theme = \n")
    new, said = source.changed(config) or (None, "")
    assert new == config and "not valid TOML" in said and "until this is corrected" in said
    assert source.changed(config) is None


def test_live_settings_are_settings() -> None:
    assert set(NAMES) >= LIVE
