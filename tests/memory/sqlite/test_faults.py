"""Full disks, killed programs, foreign and damaged files: every fault is a real one."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from memory.contract import MemoryUnavailable, Wanted
from memory.sqlite import schema
from memory.sqlite.store import MemoryStore
from tests.memory.sqlite.made import MODEL, ids, query, row, vectors

ANY = Wanted(sacred=True)

#: Takes in ten rows at a time with their vectors and a mark, saying how many are in.
WRITER = """
import sys
from pathlib import Path
from memory.sqlite.store import MemoryStore
from tests.memory.sqlite.made import MODEL, row, vectors
store, name = MemoryStore.open(Path(sys.argv[1])), sys.argv[2]
for begin in range(0, int(sys.argv[3]), 10):
    names = [f"{name}{number}" for number in range(begin, begin + 10)]
    store.take_in([row(one, f"text of {one}") for one in names], (name, str(begin + 10)))
    store.put_vectors(MODEL, names, vectors(10))
    print(begin + 10, flush=True)
store.close()
"""


def writer(path: Path, name: str, rows: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(rows)], stdout=subprocess.PIPE, text=True
    )


def sound(path: Path) -> None:
    """The file is whole, and words, vectors and rows agree."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        db.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        recallable = db.execute("SELECT seq FROM memory WHERE recallable ORDER BY seq").fetchall()
        assert db.execute("SELECT rowid FROM words ORDER BY rowid").fetchall() == recallable
        assert db.execute("SELECT memory FROM embeddings EXCEPT SELECT seq FROM memory").fetchall() == []
        db.rollback()


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process may grow or be written to, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_two_programs_write_at_once(path: Path) -> None:
    MemoryStore.open(path).close()
    writers = [writer(path, name, 200) for name in "ab"]
    assert [one.wait(60) for one in writers] == [0, 0]
    for one in writers:
        one.communicate()
    with closing(MemoryStore.open(path)) as store:
        assert store.stats().memories == 400
        assert len(store.by_vector(query(vectors(1)[0]), ANY, 999)) == 400
    sound(path)


def test_a_killed_writer_loses_nothing_that_it_said_was_in(path: Path) -> None:
    process = writer(path, "a", 100_000)
    assert process.stdout is not None
    said = 0
    for line in process.stdout:
        said = int(line)
        if said >= 100:
            break
    time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    said = int(([str(said), *process.stdout.read().split()])[-1])
    process.wait()
    with closing(MemoryStore.open(path)) as store:
        there = store.stats().memories
        assert there >= said and there % 10 == 0
        assert store.mark("a") == str(there), "the mark is of the same transaction"
        assert store.by_keyword(f"a{said - 1}", None, ANY, 1)
    sound(path)


def test_a_full_disk_is_told_and_leaves_the_store_whole(path: Path) -> None:
    store = MemoryStore.open(path)
    store.take_in([row("1", "kept")])
    with no_room(), pytest.raises(MemoryUnavailable, match="free some space"):
        store.take_in([row(f"{number}", "lost " * 100) for number in range(2, 500)])
    with no_room():
        assert ids(store.by_keyword("kept", None, ANY, 5)) == ["1"], "reading goes on"
    assert store.stats().memories == 1
    store.take_in([row("2", "with room again")])
    store.close()
    sound(path)


def test_a_store_at_its_largest_size_is_told_and_left_whole(path: Path) -> None:
    store = MemoryStore.open(path)
    store.take_in([row("1", "kept")])
    with store._connections.writing() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(MemoryUnavailable, match="free some space"):
        store.take_in([row(f"{number}", "lost " * 100) for number in range(2, 500)], ("sync", "500"))
    assert (store.stats().memories, store.mark("sync")) == (1, None)
    store.close()
    sound(path)


@pytest.mark.parametrize(
    "content", [b"no database at all, only text " * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(MemoryUnavailable, match="move it away"):
        MemoryStore.open(path)
    assert path.read_bytes() == content


def test_a_damaged_store_is_refused(path: Path) -> None:
    with closing(MemoryStore.open(path)) as store:
        store.take_in(row(f"{number}", f"some text {number}") for number in range(200))
    whole = bytearray(path.read_bytes())
    whole[8192 : 8192 + 40_000] = b"\xa5" * 40_000
    path.write_bytes(whole)
    with pytest.raises(MemoryUnavailable, match="move it away"):
        MemoryStore.open(path)
    assert path.read_bytes() == whole


def test_another_programs_database_is_refused_and_left_as_it_was(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    with pytest.raises(MemoryUnavailable, match="something else"):
        MemoryStore.open(path)
    assert path.read_bytes() == before


def test_a_newer_store_is_refused_and_left_as_it_was(path: Path) -> None:
    MemoryStore.open(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    before = path.read_bytes()
    with pytest.raises(MemoryUnavailable, match="newer modeshare"):
        MemoryStore.open(path)
    assert path.read_bytes() == before


def test_a_folder_or_a_place_without_rights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MemoryUnavailable):
        MemoryStore.open(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(MemoryUnavailable):
        MemoryStore.open(tmp_path / "file" / "memories.sqlite3")
    with pytest.raises(MemoryUnavailable):
        MemoryStore.open(Path("/proc/memories.sqlite3"))


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(MemoryUnavailable, match="writable"):
        MemoryStore.open(tmp_path / "memories.sqlite3")
    tmp_path.chmod(0o700)


def test_files_are_private(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"")
    path.chmod(0o644)
    with closing(MemoryStore.open(path)) as store:
        store.add("secret")
        files = list(path.parent.iterdir())
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
        assert len(files) == 3


def test_a_closed_store_says_so(path: Path) -> None:
    store = MemoryStore.open(path)
    store.close()
    store.close()
    for use in (lambda: store.add("late"), lambda: store.by_keyword("late", None, ANY, 5)):
        with pytest.raises(MemoryUnavailable, match="closed"):
            use()


def test_a_recall_does_not_wait_for_who_writes(path: Path) -> None:
    with (
        closing(MemoryStore.open(path)) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        store.take_in([row("1", "tea")])
        store.put_vectors(MODEL, ["1"], vectors(1))
        other.execute("BEGIN IMMEDIATE")
        assert ids(store.by_keyword("tea", None, ANY, 5)) == ["1"]
        assert ids(store.by_vector(query(vectors(1)[0]), ANY, 5)) == ["1"]
        store.note([("1", 0.5)], 1.0)
        assert store.stats().recalls == 0
        other.execute("COMMIT")
        store.note([("1", 0.6)], 1.0)
        assert store.stats().recalls == 2
