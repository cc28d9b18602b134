"""What a line that begins with a slash may become."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tui.core.commands import COMMANDS, Kind
from tui.core.complete import Candidate, completions, files


def words(kind: Kind, written: str) -> Iterable[Candidate]:
    if kind == "file":
        return files(written)
    if kind == "conversation":
        return [
            Candidate("aa11", "aa11", "Towers of light"),
            Candidate("bb22", "bb22", "Bread"),
        ]
    return [Candidate("base"), Candidate("legal", "law"), Candidate("reasoning", "steps")]


def lines(line: str) -> list[str]:
    return [one.line for one in completions(line, words)]


def test_a_slash_alone_offers_every_command() -> None:
    assert lines("/") == [f"/{one.name}" + " " * bool(one.arguments) for one in COMMANDS]


def test_a_name_goes_on_whatever_its_case_and_leaves_room_for_an_argument() -> None:
    assert lines("/mo") == lines("/MO") == lines("/mode") == ["/mode "]
    assert lines("/ne") == ["/new"]


@pytest.mark.parametrize(
    "line", ["", "hello", "//mo", "/mode\n", "/new", "/nothing x", "/title Lig", "/new x"]
)
def test_nothing_is_offered_where_nothing_can_follow(line: str) -> None:
    assert lines(line) == []


def test_an_argument_is_completed_as_the_registry_says() -> None:
    assert lines("/mode ") == ["/mode base", "/mode legal", "/mode reasoning"]
    assert lines("/mode  le") == ["/mode  legal"]
    assert lines("/mode legal") == []


@pytest.mark.parametrize(
    "written, whole",
    [
        ("legal*0.7+r", "legal*0.7+reasoning"),
        ("legal*0.7 + r", "legal*0.7 + reasoning"),
        ("legal*7e-1+r", "legal*7e-1+reasoning"),
    ],
)
def test_the_last_part_of_a_blend_is_completed(written: str, whole: str) -> None:
    assert lines(f"/mode {written}") == [f"/mode {whole}"]


@pytest.mark.parametrize("written", ["legal*0.", "legal*1e+", "legal*+"])
def test_a_number_of_a_blend_is_not(written: str) -> None:
    assert lines(f"/mode {written}") == []


def test_a_conversation_is_found_by_words_of_its_title_or_by_its_id() -> None:
    assert lines("/resume light tow") == lines("/resume aa") == ["/resume aa11"]
    assert [one.label for one in completions("/resume b", words)] == ["Bread"]


def test_files_are_offered_folder_by_folder_and_hidden_ones_on_demand(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes.md").touch()
    (tmp_path / ".secret").touch()

    def found(written: str) -> list[str]:
        return [one.word.removeprefix(f"{tmp_path}/") for one in files(f"{tmp_path}/{written}")]

    assert found("") == ["notes/", "notes.md"]
    assert found(".") == [".secret"]
    assert found("notes.") == ["notes.md"]
    assert found("nowhere/x") == []


def test_a_link_that_leads_nowhere_is_offered_as_a_file(tmp_path: Path) -> None:
    for name, target in (("circle", "circle"), ("gone", "absent"), ("here", ".")):
        (tmp_path / name).symlink_to(target)
    offered = [one.word for one in files(f"{tmp_path}/")]
    assert offered == [f"{tmp_path}/circle", f"{tmp_path}/gone", f"{tmp_path}/here/"]


def test_files_here_are_offered_by_their_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.md").touch()
    assert [one.word for one in files("no")] == ["notes.md"]
    for written in ("./no", ".//no", f"../{tmp_path.name}/no"):
        assert [one.word for one in files(written)] == [f"{written}tes.md"], "it goes on as it was begun"
    assert [one.word for one in files("~nobody-like-this/x")] == []
