"""``tui modes list`` and ``tui modes show``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modes.catalog import BUILTIN, Catalog
from modes.fields import checked
from modes.mode import Mode
from tests.tui.program import Program


@pytest.fixture
def poet(program: Program) -> Path:
    folder = program.config / "modes"
    folder.mkdir()
    file = folder / "poet.toml"
    file.write_text(
        'extends = "legal"\ntitle = "Poet"\nprompt = "Speak \\u001b[31min verse.\\nAlways."\n'
        'coefficients = "poet"\n[sampling]\ntemperature = 1.2\n'
    )
    return file


@pytest.mark.usefixtures("poet")
def test_every_mode_is_listed_with_what_it_has_or_lacks(program: Program) -> None:
    said = program.run("modes", "list")
    assert [said.code, said.err] == [0, ""]
    lines = {line.split()[0]: line for line in said.out.splitlines()}
    assert tuple(lines) == (*BUILTIN, "poet")
    assert "Veterans' disability law" in lines["legal"]
    assert lines["legal"].endswith("coefficients: legal")
    assert lines["vision"].endswith("No image can be read: the loaded engine takes text only.")
    assert lines["poet"].endswith("coefficients: poet")


def test_the_list_as_json_is_one_object(program: Program, poet: Path) -> None:
    found = json.loads(program.run("modes", "list", "--json").out)
    assert found["schema"] == 1
    assert found["problems"] == []
    by_name = {mode["name"]: mode for mode in found["modes"]}
    assert by_name["poet"]["source"] == str(poet)
    assert by_name["poet"]["coefficients"] == "poet"
    assert by_name["legal"]["source"] == "built-in"
    assert set(by_name["legal"]) == {"name", "title", "description", "coefficients", "lacks", "source"}


def test_a_file_that_gives_no_mode_is_told_beside_the_list(program: Program, poet: Path) -> None:
    poet.write_text("nonsense")
    said = program.run("modes", "list", "--json")
    assert said.code == 0
    assert str(poet) in said.err
    assert str(poet) in json.loads(said.out)["problems"][0]


def test_all_that_a_mode_is_is_shown_with_where_it_is_from(program: Program, poet: Path) -> None:
    said = program.run("modes", "show", "poet")
    assert [said.code, said.err] == [0, ""]
    rows = {line.split()[0]: line.split() for line in said.out.splitlines() if line and line[0] != " "}
    assert rows["sampling.temperature"][1:] == ["1.2", str(poet)]
    assert rows["sampling.top_p"][1:] == ["0.9", "built-in", "legal"]
    assert rows["thinking_budget"][1:] == ["-", "default"]
    assert said.out.endswith(f"prompt, {poet}:\n  Speak ?[31min verse.\n  Always.\n")
    assert "\x1b" not in said.out


def test_a_mode_as_json_makes_the_same_mode_again(program: Program, poet: Path) -> None:
    found = json.loads(program.run("modes", "show", "poet", "--json").out)
    catalog = Catalog.load(poet.parent)
    assert Mode(**checked(Mode, found["mode"])) == catalog.modes["poet"]
    assert found["version"] == catalog.modes["poet"].version
    assert found["source"] == found["sources"]["prompt"] == str(poet)


def test_off_is_the_bare_model(program: Program) -> None:
    said = program.run("modes", "show", "off")
    assert said.out.startswith("base, version ")
    assert said.out.endswith("no prompt\n")


@pytest.mark.parametrize("name", ["poett", "legal*0.5", "legal+coding", "legal*x"])
def test_what_is_not_one_mode_is_2(program: Program, name: str) -> None:
    refused = program.run("modes", "show", name)
    assert [refused.code, refused.out, refused.traceback] == [2, "", False]
    assert name in refused.err
