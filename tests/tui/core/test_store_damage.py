"""Damaged files: set aside once, never deleted, and nothing sound taken for damaged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.tui.core.test_store_faults import damaged_files, filled
from tui.core.store import Store, StoreUnusable, opening


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "conversations.sqlite3"


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.2)


def garbage(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this was never a database\n" * 1000)


def truncated(path: Path) -> None:
    filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])


def overwritten(path: Path) -> None:
    filled(path)
    whole = bytearray(path.read_bytes())
    for page in range(4096, len(whole), 4096):
        whole[page : page + 64] = b"\xff" * 64
    path.write_bytes(whole)


@pytest.mark.parametrize("damage", [garbage, truncated, overwritten])
def test_a_damaged_file_is_kept_under_another_name_and_a_new_one_made(
    path: Path, damage: Callable[[Path], None]
) -> None:
    damage(path)
    bytes_before = path.read_bytes()
    with closing(Store.open(path)) as store:
        (kept,) = damaged_files(path)
        assert store.notice is not None
        assert str(path) in store.notice
        assert kept.name in store.notice
        assert store.list() == []
        talk = store.create()
        store.add_question(talk.id, None, "new")
    assert kept.read_bytes() == bytes_before
    with closing(Store.open(path)) as store:
        assert store.notice is None
        assert [one.id for one in store.list()] == [talk.id]
    assert damaged_files(path) == [kept]


@pytest.mark.parametrize("rest", [0, 0.5])
def test_what_stood_only_in_the_log_of_a_damaged_file_is_kept_too(path: Path, rest: float) -> None:
    filled(path)
    damaged = path.parent / "damaged" / path.name
    damaged.parent.mkdir()
    with closing(Store.open(path)) as store:
        store.add_question(store.create().id, None, "last words")
        # Copied by another process: closing these files in this one would drop the store's locks.
        for suffix in ("", "-wal"):
            subprocess.run(["cp", f"{path}{suffix}", f"{damaged}{suffix}"], check=True)
    assert b"last words" not in damaged.read_bytes()
    with damaged.open("r+b") as file:
        file.truncate(int(damaged.stat().st_size * rest))
    with closing(Store.open(damaged)) as store:
        assert store.notice is not None
    assert any(b"last words" in file.read_bytes() for file in damaged_files(damaged))


def test_files_damaged_within_one_second_are_all_kept(path: Path) -> None:
    contents = {b"garbage %d " % number * 100 for number in range(3)}
    path.parent.mkdir()
    for content in contents:
        path.write_bytes(content)
        Store.open(path).close()
    assert {file.read_bytes() for file in damaged_files(path)} == contents


def test_programs_that_find_the_same_damage_at_once_set_it_aside_once(path: Path) -> None:
    garbage(path)
    program = (
        "import sys; from pathlib import Path; from tui.core.store import Store\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "store = Store.open(Path(sys.argv[1])); talk = store.create()\n"
        "store.add_question(talk.id, None, 'here'); print(store.notice); store.close()"
    )
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for one in programs:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in programs:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    notices = [one.communicate(timeout=30)[0].strip() for one in programs]
    assert [one.returncode for one in programs] == [0, 0, 0, 0]
    assert len(damaged_files(path)) == 1
    assert sorted(notice == "None" for notice in notices) == [False, True, True, True]
    with closing(Store.open(path)) as store:
        assert len(store.list()) == 4


@pytest.mark.usefixtures("short_patience")
def test_a_damaged_file_that_another_program_uses_is_not_moved_from_under_it(path: Path) -> None:
    filled(path)
    holder = Store.open(path)
    # Another process, because closing the file in this one would drop the holder's locks.
    spoil = f"import pathlib; f = pathlib.Path({str(path)!r}).open('r+b'); f.write(b'spoilt' * 20)"
    subprocess.run([sys.executable, "-c", spoil], check=True)
    with pytest.raises(StoreUnusable, match="another program has it open"):
        Store.open(path)
    assert damaged_files(path) == []
    holder.close()
    with closing(Store.open(path)) as store:
        assert store.notice is not None
    assert len(damaged_files(path)) == 1


def test_damage_met_in_mid_use_names_the_file_and_the_remedy(path: Path) -> None:
    talk = filled(path)
    with closing(Store.open(path)) as store:
        spoil = (
            f"import pathlib; f = pathlib.Path({str(path)!r}); whole = f.read_bytes()\n"
            "with f.open('r+b') as g: g.seek(4096); g.write(b'\\xff' * (len(whole) - 4096))"
        )
        subprocess.run([sys.executable, "-c", spoil], check=True)
        store._db.execute("PRAGMA shrink_memory")  # else SQLite goes on reading what it remembers
        with pytest.raises(StoreUnusable, match="start again") as refused:
            store.get(talk)
        assert str(path) in str(refused.value)
