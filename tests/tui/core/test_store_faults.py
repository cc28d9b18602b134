"""Full disks, locked, unusable and foreign files: every fault is a real one."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tui.core.conversation import Provenance
from tui.core.store import Store, StoreError, StoreFull, StoreUnusable, deletion, opening, schema

PLAIN = Provenance(model="m", fingerprint=None, mode="base", mode_version="1")

# A file size limit fails a write as a quota does; it counts for a whole process, so it needs its own.
LIMITED = """
import resource, sys
from pathlib import Path
from tui.core.conversation import Provenance
from tui.core.store import Store, StoreFull
path = Path(sys.argv[1])
store = Store.open(path)
talk = store.create()
question = store.add_question(talk.id, None, "kept")
answer = store.begin_answer(talk.id, question.id, Provenance("m", None, "base", "1"))
store.save_partial(answer.id, "early", "")
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
try:
    for size in range(20):
        store.save_partial(answer.id, "x" * 50_000 * size, "")
        early = store.path(answer.id)[-1]
except StoreFull as error:
    print(error)
assert store.path(answer.id)[-1] == early, "the last save that was made is still there"
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
store.finish_answer(answer.id, text="y" * 900_000, thinking="", status="done", usage=None)
store.close()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "conversations.sqlite3"


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.2)


def filled(path: Path, turns: int = 30) -> str:
    """A store with some pages of text; returns its conversation."""
    with closing(Store.open(path)) as store:
        talk = store.create()
        parent = None
        for number in range(turns):
            question = store.add_question(talk.id, parent, f"question {number} " + "words " * 200)
            parent = question.id
    return talk.id


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process may grow or be written to, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def damaged_files(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.damaged-*"))


# Room


def test_a_full_disk_is_named_loses_nothing_and_is_over_when_there_is_room(path: Path) -> None:
    with closing(Store.open(path)) as store:
        talk = store.create()
        question = store.add_question(talk.id, None, "kept")
        begun = store.begin_answer(talk.id, question.id, PLAIN)
        store.save_partial(begun.id, "early", "")
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        for attempt in (
            lambda: store.save_partial(begun.id, "x" * 100_000, ""),
            lambda: store.add_question(talk.id, begun.id, "y" * 100_000),
            lambda: store.finish_answer(begun.id, text="x" * 100_000, thinking="", status="done", usage=None),
        ):
            with pytest.raises(StoreFull, match="free some space") as refused:
                attempt()
            assert str(path) in str(refused.value)
        assert [node.content for node in store.path(begun.id)] == ["kept", "early"]
        assert store.get(talk.id).head == begun.id
        store._db.execute("PRAGMA max_page_count = 1000000")
        store.finish_answer(begun.id, text="z" * 100_000, thinking="", status="done", usage=None)
    with closing(Store.open(path)) as store:
        assert [node.content for node in store.path(begun.id)] == ["kept", "z" * 100_000]


def test_a_deletion_and_its_undoing_fail_whole_on_a_full_disk_and_work_with_room(path: Path) -> None:
    with closing(Store.open(path)) as store:
        talk = store.create()
        store.add_question(talk.id, None, "kept")
        for attempt in (store.delete, store.undelete):
            before = store._db.execute("SELECT * FROM conversation").fetchall()[0]
            with no_room(), pytest.raises(StoreFull, match="free some space"):
                attempt(talk.id)
            assert tuple(store._db.execute("SELECT * FROM conversation").fetchall()[0]) == tuple(before)
            attempt(talk.id)
        assert store.list() == [store.get(talk.id)]


def test_a_purge_without_room_is_put_off_and_the_store_opens(path: Path) -> None:
    talk = filled(path)
    with closing(Store.open(path)) as store:
        store.delete(talk)
        later = time.time() + 31 * 24 * 3600
        with no_room():
            deletion.purge(store._db, later)
        assert store.undelete(talk).id == talk
        store.delete(talk)
        deletion.purge(store._db, later)
        assert store.deleted() == []


@pytest.mark.usefixtures("short_patience")
def test_a_purge_leaves_a_store_that_another_program_is_writing_to(path: Path) -> None:
    talk = filled(path)
    with closing(Store.open(path)) as store:
        store.delete(talk)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE conversation SET deleted_at = 1")
        other.execute("BEGIN IMMEDIATE")
        with closing(Store.open(path)) as store:
            assert [one.id for one in store.deleted()] == [talk]
        other.execute("ROLLBACK")
    with closing(Store.open(path)) as store:
        assert store.deleted() == []


def test_a_write_that_the_system_refuses_is_a_full_disk_too(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "disk I/O error" in done.stdout
    assert "nothing already stored is lost" in done.stdout
    with closing(Store.open(path)) as store:
        talk = store.latest()
        assert talk is not None
        assert talk.head is not None
        assert [len(node.content) for node in store.path(talk.head)] == [4, 900_000]


# Locks


@pytest.mark.usefixtures("short_patience")
def test_a_file_that_another_holds_is_not_taken_for_a_damaged_one(path: Path) -> None:
    talk = filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="another program holds it") as refused:
            Store.open(path)
        assert not isinstance(refused.value, StoreUnusable)
    assert damaged_files(path) == []
    with closing(Store.open(path)) as store:
        assert store.get(talk).id == talk


@pytest.mark.usefixtures("short_patience")
def test_a_write_waits_for_its_turn_and_then_says_who_is_in_the_way(path: Path) -> None:
    talk = filled(path)
    with closing(Store.open(path)) as store, closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program holds it"):
            store.rename(talk, "later")
        assert store.get(talk).title != "later", "reading goes on meanwhile"
        holder.execute("ROLLBACK")
        store.rename(talk, "later")
        assert store.get(talk).title == "later"


def test_threads_share_one_store(path: Path) -> None:
    with closing(Store.open(path)) as store:
        failures: list[BaseException] = []

        def turns() -> None:
            try:
                talk = store.create()
                for number in range(20):
                    store.add_question(talk.id, None, f"question {number}")
                    assert len(store.children(None, talk.id)) == number + 1
                    store.search("question")
            except BaseException as error:  # a thread's failure must reach the test
                failures.append(error)
                raise

        threads = [threading.Thread(target=turns) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(store.list()) == 4


def released_after_a_while(holder: sqlite3.Connection, statement: str) -> threading.Timer:
    timer = threading.Timer(0.3, holder.execute, [statement])
    timer.start()
    return timer


def test_an_opening_waits_for_another_program_that_is_migrating(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        for statement in schema.MIGRATIONS[0]:
            other.execute(statement)
        other.execute("PRAGMA user_version = 1")
        timer = released_after_a_while(other, "COMMIT")
        with closing(Store.open(path)) as store:
            assert store.notice is None
            assert store.list() == []
        timer.join()


def test_an_opening_waits_for_another_program_that_writes_in_the_old_journal_mode(path: Path) -> None:
    talk = filled(path)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN IMMEDIATE")  # SQLite refuses the change of mode at once, without waiting
        timer = released_after_a_while(other, "ROLLBACK")
        with closing(Store.open(path)) as store:
            assert store.get(talk).id == talk
        timer.join()


# Places and permissions


def test_a_folder_below_a_file_is_refused_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnusable, match="MODESHARE_DATA_DIR"):
        Store.open(tmp_path / "file" / "conversations.sqlite3")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
@pytest.mark.parametrize("folder", ["/proc/modeshare", "/proc/self", "/proc"])
def test_a_place_where_even_root_cannot_write_is_refused(folder: str) -> None:
    with pytest.raises(StoreUnusable, match="MODESHARE_DATA_DIR"):
        Store.open(Path(folder) / "conversations.sqlite3")


@pytest.mark.parametrize("name", ["conversations.sqlite3", "conversations.sqlite3.lock"])
def test_a_folder_in_the_place_of_a_file_is_refused_and_left(path: Path, name: str) -> None:
    (path.parent / name).mkdir(parents=True)
    with pytest.raises(StoreUnusable, match="not a file"):
        Store.open(path)
    assert (path.parent / name).is_dir()


@pytest.fixture
def umask_open() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask_open")
def test_the_folder_and_every_file_in_it_are_private(path: Path) -> None:
    with closing(Store.open(path)) as store:
        store.add_question(store.create().id, None, "secret")
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    names = ("", "-wal", "-shm", ".lock")
    assert files == {path.name + suffix: 0o600 for suffix in names}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    Store.open(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# Versions


def test_a_newer_store_is_refused_and_not_a_byte_changed(path: Path) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA user_version = 1000")
    before = path.read_bytes()
    with pytest.raises(StoreUnusable, match="newer modeshare") as refused:
        Store.open(path)
    assert str(path) in str(refused.value)
    assert path.read_bytes() == before
    assert damaged_files(path) == []


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with closing(Store.open(path)) as store:
        assert store.notice is None
        assert store.create().title == ""


def test_every_save_is_on_the_disk_before_it_returns(path: Path) -> None:
    with closing(Store.open(path)) as store:
        settings = [
            store._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert settings == ["wal", 2, 1, 5000]
