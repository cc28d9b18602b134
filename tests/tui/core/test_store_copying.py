"""Backups of the store: whole while others write, never over another file, and back again."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tui.core.conversation import Provenance
from tui.core.store import Store, StoreUnusable
from tui.core.store.copying import CopyError, restore

PLAIN = Provenance(model="m", fingerprint=None, mode="base", mode_version="1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "conversations.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(Store.open(path)) as opened:
        yield opened


def turn(store: Store, question: str) -> str:
    """A conversation of one question and answer; its head."""
    talk = store.create("legal")
    asked = store.add_question(talk.id, None, question)
    begun = store.begin_answer(talk.id, asked.id, PLAIN)
    return store.finish_answer(begun.id, text=question.upper(), thinking="", status="done", usage=None).id


def test_a_backup_brings_back_conversations_branches_search_and_deleted_ones(
    store: Store, path: Path, tmp_path: Path
) -> None:
    head = turn(store, "apples")
    fork = store.fork(head)
    store.add_question(fork.id, head, "pears")
    gone = store.get(turn(store, "plums") and store.list()[0].id)
    store.delete(gone.id)
    listed, said = store.list(), store.path(str(store.get(fork.id).head))
    store.backup(tmp_path / "backup.sqlite3")
    store.close()
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    restore(tmp_path / "backup.sqlite3", path)
    with closing(Store.open(path)) as again:
        assert again.notice is None
        assert again.list() == listed
        assert again.path(str(again.get(fork.id).head)) == said
        assert [hit.conversation.id for hit in again.search("pears")] == [fork.id]
        assert again.undelete(gone.id).title == "plums"
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, f"{path.name}.lock"]


def test_backup_and_restored_store_are_private(store: Store, tmp_path: Path) -> None:
    turn(store, "apples")
    store.backup(tmp_path / "backup.sqlite3")
    (tmp_path / "backup.sqlite3").chmod(0o644)
    restore(tmp_path / "backup.sqlite3", tmp_path / "restored.sqlite3")
    assert stat.S_IMODE((tmp_path / "restored.sqlite3").stat().st_mode) == 0o600
    (tmp_path / "backup.sqlite3").unlink()
    store.backup(tmp_path / "backup.sqlite3")
    assert stat.S_IMODE((tmp_path / "backup.sqlite3").stat().st_mode) == 0o600


def test_a_backup_while_another_writes_is_of_one_moment(store: Store, path: Path, tmp_path: Path) -> None:
    done = threading.Event()

    def write() -> None:
        with closing(Store.open(path)) as other:
            while not done.is_set():
                turn(other, "apples")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            store.backup(tmp_path / f"{number}.sqlite3")
    finally:
        done.set()
        writer.join()
    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"{number}.sqlite3")) as db:
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_copy_of_the_running_files_is_taken_with_its_log(store: Store, path: Path, tmp_path: Path) -> None:
    turn(store, "apples")
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), tmp_path / f"copy.sqlite3{suffix}")
    restore(tmp_path / "copy.sqlite3", tmp_path / "restored.sqlite3")
    with closing(Store.open(tmp_path / "restored.sqlite3")) as again:
        assert [talk.title for talk in again.list()] == ["apples"]


def test_nothing_is_ever_overwritten(store: Store, path: Path, tmp_path: Path) -> None:
    turn(store, "apples")
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(CopyError, match="give another name"):
        store.backup(tmp_path / "mine")
    store.backup(tmp_path / "backup")
    with pytest.raises(CopyError, match=r"tui data remove"):
        restore(tmp_path / "backup", path)
    (tmp_path / "new-wal").write_text("a log of another store")
    with pytest.raises(CopyError, match="new-wal is there already"):
        restore(tmp_path / "backup", tmp_path / "new")
    assert (tmp_path / "mine").read_text() == "precious"
    assert store.list()[0].title == "apples"


@pytest.mark.parametrize("kind", ["picture", "empty", "cut", "other tables", "folder", "absent"])
def test_what_is_no_backup_is_refused_and_leaves_nothing(store: Store, tmp_path: Path, kind: str) -> None:
    file, target = tmp_path / "file", tmp_path / "restored"
    for number in range(30):
        turn(store, f"apples {number} " * 50)
    store.backup(tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    if kind == "folder":
        file.mkdir()
    elif kind == "other tables":
        with closing(sqlite3.connect(file)) as db:
            db.execute("CREATE TABLE recipe (name)")
    elif kind != "absent":
        file.write_bytes({"picture": b"\x89PNG" * 100, "empty": b"", "cut": whole[: len(whole) // 2]}[kind])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CopyError, match="name a file that tui data backup made"):
        restore(file, target)
    assert sorted(tmp_path.iterdir()) == before


def test_a_backup_of_a_newer_program_is_refused(store: Store, tmp_path: Path) -> None:
    store.backup(tmp_path / "backup")
    with closing(sqlite3.connect(tmp_path / "backup")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreUnusable, match="newer modeshare"):
        restore(tmp_path / "backup", tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_a_full_disk_is_said_and_leaves_nothing_half(store: Store, tmp_path: Path) -> None:
    for number in range(30):
        turn(store, f"apples {number} " * 50)
    store.backup(tmp_path / "backup")
    before = sorted(tmp_path.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(CopyError, match="no backup was made"):
            store.backup(tmp_path / "second")
        with pytest.raises(CopyError, match="nothing was restored"):
            restore(tmp_path / "backup", tmp_path / "restored")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(tmp_path.iterdir()) == before
    assert store.list()


def test_a_folder_that_is_not_there_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(CopyError, match="no backup was made") as refused:
        store.backup(tmp_path / "none" / "backup")
    assert str(tmp_path / "none" / "backup") in str(refused.value)
