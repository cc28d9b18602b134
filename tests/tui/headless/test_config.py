"""``tui config path`` and ``tui config show``."""

from __future__ import annotations

import json

from tests.tui.program import Program
from tui.core.config import NAMES


def test_the_path_is_told_whether_the_file_is_there_or_not(program: Program) -> None:
    said = program.run("config", "path")
    assert [said.code, said.out, said.err] == [0, f"{program.config / 'config.toml'}\n", ""]


def test_every_setting_is_shown_with_its_value_and_where_it_is_from(program: Program) -> None:
    file = program.config / "config.toml"
    file.write_text('mode = "legal"\nslots = 2\n')
    said = program.run("--context", "512", "config", "show", "--slots", "3", MODESHARE_ASCII="1")
    assert [said.code, said.err] == [0, ""]
    rows = {line.split()[0]: line.split(maxsplit=1)[1].split("  ") for line in said.out.splitlines()}
    shown = {name: (cells[0].strip(), cells[-1].strip()) for name, cells in rows.items()}
    assert tuple(shown) == NAMES
    assert shown["mode"] == ("legal", str(file))
    assert shown["slots"] == ("3", "--slots")
    assert shown["context"] == ("512", "--context")
    assert shown["threads"] == ("1", "MODESHARE_THREADS")
    assert shown["ascii"] == ("true", "MODESHARE_ASCII")
    assert shown["model"] == ("(chosen by what is found)", "default")


def test_the_settings_as_json_are_one_object(program: Program) -> None:
    found = json.loads(program.run("config", "show", "--json", "--model", "m.gguf").out)
    assert (found["schema"], found["file"]) == (1, str(program.config / "config.toml"))
    settings = {one["name"]: (one["value"], one["source"]) for one in found["settings"]}
    assert settings["model"] == ("m.gguf", "--model")
    assert settings["cache"] == (None, "default")
    assert settings["threads"] == (1, "MODESHARE_THREADS")


def test_a_wrong_setting_is_2_and_a_variable_that_means_nothing_is_told(program: Program) -> None:
    said = program.run("config", "show", MODESHARE_SLOTZ="2")
    assert said.code == 0
    assert "MODESHARE_SLOTZ: no such variable" in said.err
    refused = program.run("config", "show", MODESHARE_SLOTS="0")
    assert [refused.code, refused.out] == [2, ""]
    assert "MODESHARE_SLOTS" in refused.err
