"""Full disks, damaged, locked and foreign files: every fault is a real one."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tui.core.conversation import Provenance
from tui.core.store import Store, StoreError, StoreFull, StoreUnusable, opening

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


# Damage


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
