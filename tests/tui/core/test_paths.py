"""Folders and files: where they are, and that they are private."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tui.core import paths
from tui.core.paths import PathUnusable


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_environment_names_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODESHARE_CONFIG_DIR", str(tmp_path / "c"))
    monkeypatch.setenv("MODESHARE_DATA_DIR", str(tmp_path / "d"))
    assert paths.config_dir() == tmp_path / "c"
    assert paths.data_dir() == tmp_path / "d"
    assert paths.conversations_file() == tmp_path / "d" / "conversations.sqlite3"
    assert not list(tmp_path.iterdir()), "asking where a folder is must not make it"


def test_without_the_environment_folders_are_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODESHARE_CONFIG_DIR", "")
    monkeypatch.delenv("MODESHARE_DATA_DIR", raising=False)
    for folder in (paths.config_dir(), paths.data_dir()):
        assert folder.is_absolute()
        assert folder.name == "modeshare"


def test_a_relative_folder_stays_the_same_when_the_program_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODESHARE_DATA_DIR", "data")
    assert paths.data_dir() == tmp_path / "data"


def test_a_folder_in_the_home_of_nobody_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable, ask in (
        ("MODESHARE_CONFIG_DIR", paths.config_dir),
        ("MODESHARE_DATA_DIR", paths.data_dir),
    ):
        monkeypatch.setenv(variable, "~nobody-like-this/x")
        with pytest.raises(PathUnusable, match=f"~nobody-like-this/x: no such home.*set {variable}"):
            ask()


def test_importing_the_paths_does_not_import_platformdirs() -> None:
    program = "import sys, tui.core.paths; sys.exit('platformdirs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_made_folder_and_file_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = paths.ensure_private_dir(tmp_path / "a" / "b")
        file = paths.ensure_private_file(folder / "f")
    finally:
        os.umask(before)
    assert (mode_of(folder), mode_of(file)) == (0o700, 0o600)


def test_a_looser_folder_and_file_of_ours_are_tightened_and_kept(tmp_path: Path) -> None:
    (folder := tmp_path / "d").mkdir()
    (file := folder / "f").write_text("kept")
    folder.chmod(0o755)
    file.chmod(0o644)
    paths.ensure_private_file(paths.ensure_private_dir(folder) / "f")
    assert (mode_of(folder), mode_of(file), file.read_text()) == (0o700, 0o600, "kept")


def test_a_folder_shared_on_purpose_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    paths.ensure_private_dir(tmp_path)
    assert mode_of(tmp_path) == 0o1777


def test_tightening_a_file_that_is_gone_is_no_error(tmp_path: Path) -> None:
    paths.tighten_file(tmp_path / "gone")
    assert not (tmp_path / "gone").exists()


def test_a_folder_below_a_file_is_refused_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wanted = tmp_path / "file" / "data"
    with pytest.raises(PathUnusable) as refused:
        paths.ensure_private_dir(wanted, variable="MODESHARE_CONFIG_DIR")
    assert refused.value.path == wanted
    assert str(refused.value).startswith(f"{wanted}: not a directory")
    assert "set MODESHARE_CONFIG_DIR to a writable directory" in str(refused.value)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_a_place_where_even_root_cannot_write_is_refused() -> None:
    with pytest.raises(PathUnusable, match="MODESHARE_DATA_DIR"):
        paths.ensure_private_dir(Path("/proc/modeshare"))
    with pytest.raises(PathUnusable, match="MODESHARE_DATA_DIR"):
        paths.ensure_private_file(Path("/proc/modeshare"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_write_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PathUnusable, match="not writable"):
        paths.ensure_private_dir(tmp_path)
    tmp_path.chmod(0o700)


def test_a_folder_where_a_file_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir(mode=0o755)
    with pytest.raises(PathUnusable, match="not a file"):
        paths.ensure_private_file(tmp_path / "f")
    assert mode_of(tmp_path / "f") == 0o755


def test_what_is_removed_with_our_data_is_every_file_of_the_memories_and_none_of_others(
    tmp_path: Path,
) -> None:
    ours = {
        f"memories.sqlite3{end}"
        for end in ("", "-wal", "-shm", f".vectors-{'0a' * 8}", f".vectors-{'0a' * 8}.{'1b' * 8}.part")
    }
    for name in (*ours, "memories.sqlite3.mine", "memories.txt"):
        (tmp_path / name).touch()
    assert {path.name for path in paths.our_data(tmp_path)} == ours
