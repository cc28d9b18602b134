"""Mode files that change while a program runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from modes.catalog import Catalog, UnknownMode

OWN = 'title = "Own"\ndescription = "Mine."\nprompt = "{prompt}"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.toml").write_text(OWN.format(prompt="one"))
    return tmp_path


def test_a_changed_file_is_read_again_and_what_speaks_goes_on_as_before(folder: Path) -> None:
    catalog = Catalog.load(folder)
    before = catalog.voice("own")
    (folder / "own.toml").write_text(OWN.format(prompt="another"))
    assert catalog.refresh() == ()
    assert catalog.voice("own").lead.prompt == "another" and before.lead.prompt == "one"
    assert catalog.voice("own").version != before.version


def test_new_files_come_and_removed_ones_go(folder: Path) -> None:
    catalog = Catalog.load(folder)
    (folder / "more.toml").write_text('extends = "legal"\n')
    (folder / "own.toml").unlink()
    catalog.refresh()
    assert "more" in catalog.modes
    with pytest.raises(UnknownMode):
        catalog.voice("own")


def test_a_broken_edit_keeps_the_mode_as_it_was_and_is_told_once(folder: Path) -> None:
    catalog = Catalog.load(folder)
    (folder / "own.toml").write_text("title = \n")
    (problem,) = catalog.refresh()
    assert "own.toml: not valid TOML" in problem.text
    assert problem.text.endswith("own stays as it was until this is corrected")
    (folder / "other.toml").write_text('extends = "legal"\n')
    assert catalog.refresh() == ()
    assert catalog.voice("own").lead.prompt == "one" and "other" in catalog.modes
    (folder / "own.toml").write_text(OWN.format(prompt="corrected"))
    assert catalog.refresh() == () and catalog.problems == ()
    assert catalog.voice("own").lead.prompt == "corrected"


def test_a_problem_of_the_start_is_not_told_again(folder: Path) -> None:
    (folder / "own.toml").write_text("title = \n")
    catalog = Catalog.load(folder)
    (folder / "other.toml").write_text('extends = "legal"\n')
    assert catalog.refresh() == ()


def test_nothing_is_read_while_nothing_was_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog, builtin = Catalog.load(folder), Catalog.load(None)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("a file was read"))
    assert catalog.refresh() == builtin.refresh() == ()


def test_a_folder_that_is_made_later_is_seen_and_one_that_goes_leaves_the_built_in_modes(
    folder: Path,
) -> None:
    later = folder / "later"
    catalog = Catalog.load(later)
    later.mkdir()
    (later / "own.toml").write_text(OWN.format(prompt="one"))
    catalog.refresh()
    assert "own" in catalog.modes
    (later / "own.toml").unlink()
    later.rmdir()
    catalog.refresh()
    assert "own" not in catalog.modes and "legal" in catalog.modes
