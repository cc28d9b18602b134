"""Whole imports: what comes in, what is skipped, what stops one, and how it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from memory.contract import BadMemory, MemoryUnavailable, Wanted
from memory.draft import Draft
from memory.importing import run
from memory.importing.run import Imported, Progress, import_path
from memory.sqlite.store import MemoryStore
from memory.sqlite.writing import Counts

IMPORTER = """
import sys
from pathlib import Path
from memory.importing import run
from memory.sqlite.store import MemoryStore
run._MEMORIES = 10
store = MemoryStore.open(Path(sys.argv[1]))
print("opened", flush=True)
run.import_path(store, Path(sys.argv[2]), progress=lambda far: print(far.counts.added, flush=True) or True)
"""


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    made = MemoryStore.open(None)
    yield made
    made.close()


def lines(file: Path, *objects: object) -> Path:
    file.write_text("".join(json.dumps(one) + "\n" for one in objects), "utf-8")
    return file


def contents(store: MemoryStore) -> list[str]:
    return [one.content for one in store.memories()]


def test_jsonl_lines_come_in_with_what_they_say(store: MemoryStore, tmp_path: Path) -> None:
    file = lines(
        tmp_path / "a.jsonl",
        {"content": "one", "temperature": 70, "tags": ["x"], "domain": "legal", "sacred": True,
         "kind": "note",
         "created_at": "2026-02-01T00:00:00", "metadata": {"a": 1}, "by": "me"},
        {"text": "two"},
        {"messages": [{"role": "user", "content": "why?"}, {"role": "assistant", "content": "so."}]},
    )  # fmt: skip
    assert import_path(store, file, Draft("", 60, "research", ("all",))) == Imported(Counts(3), 1)
    one, two, three = store.memories()
    assert (one.content, one.temperature, one.tags, one.domain, one.sacred, one.kind) == (
        "one", 70, ("all", "x"), "legal", True, "note",
    )  # fmt: skip
    assert (one.created_at, one.metadata, one.provenance) == (
        1769904000.0, {"by": "me", "a": 1}, f"{file}, line 1",
    )  # fmt: skip
    assert (two.temperature, two.domain, two.tags) == (60, "research", ("all",))
    assert three.content == "user: why?\n\nassistant: so."


def test_a_second_run_adds_nothing(store: MemoryStore, tmp_path: Path) -> None:
    file = lines(tmp_path / "a.jsonl", {"text": "one"}, {"text": "ONE"}, {"text": "long. " * 1000})
    first = import_path(store, tmp_path).counts
    assert (first.added, first.same) == (store.stats().memories, 9 - (first.added - 2))
    assert import_path(store, tmp_path) == Imported(Counts(), 1, skipped=1)
    os.utime(file, (1, 1))
    assert import_path(store, tmp_path).counts.added == 0
    with file.open("a") as out:
        out.write('{"text": "new"}\n')
    assert import_path(store, file).counts.added == 1


def test_long_texts_come_in_parts(store: MemoryStore, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(
        "\n\n".join(f"Paragraph {number}. " + f"word{number} " * 100 for number in range(5)), "utf-8"
    )
    assert import_path(store, file).counts == Counts(6)
    whole, *parts = store.memories()
    assert (whole.content, whole.provenance) == (file.read_text(), str(file))
    assert [(part.parent, part.chunk) for part in parts] == [(whole.id, number) for number in range(5)]
    assert [part.provenance for part in parts] == [f"{file}, line {1 + 2 * number}" for number in range(5)]
    found = store.by_keyword("word3", None, Wanted(), 5)
    assert [one.memory.id for one in found] == [parts[3].id]


def test_a_row_of_650_kilobytes_comes_in_parts_whole(store: MemoryStore, tmp_path: Path) -> None:
    text = " ".join(f"w{number}" for number in range(90_000))
    lines(tmp_path / "a.jsonl", {"content": text})
    import_path(store, tmp_path)
    whole, *parts = store.memories()
    assert whole.content == text
    assert " ".join(part.content for part in parts) == text
    assert max(len(part.content) for part in parts) <= 800


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2, column 2: not JSON"),
        ("[1]", "line 2: not an object"),
        ('{"text": "a", "temperature": "hot"}', "line 2: temperature must be a number"),
        ('{"text": "a", "temperature": 101}', "line 2: temperature"),
        ('{"text": "a", "temperature": NaN}', "line 2: not JSON"),
        ('{"text": "a", "temperature": true}', "line 2: temperature"),
        ('{"text": "a", "tags": "x"}', "line 2: tags must be a list"),
        ('{"text": "a", "sacred": 1}', "line 2: sacred must be true or false"),
        ('{"text": "a", "domain": 5}', "line 2: domain must be a text"),
        ('{"text": "a", "created_at": "soon"}', "line 2: created_at must be"),
        ('{"text": "a", "created_at": 1' + "0" * 400 + "}", "line 2: created_at must be"),
        ('{"text": "a", "created_at": 1770000000000}', "line 2: created_at must be"),
        ('{"text": "a", "metadata": []}', "line 2: metadata must be an object"),
        ('{"text": 5}', "line 2: content must be a text"),
        ('{"text": " "}', "line 2: content is empty"),
        ('{"other": "a"}', "line 2: neither content nor text"),
        ('{"messages": ["a"]}', "line 2: messages must be objects"),
        ("[" * 100_000, "line 2: not JSON"),
    ],
)
def test_a_bad_line_is_told_and_what_is_before_it_is_in(
    store: MemoryStore, tmp_path: Path, line: str, said: str
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "good"}\n' + line + "\n", "utf-8")
    with pytest.raises(BadMemory) as told:
        import_path(store, file)
    assert f"{file}, {said}" in str(told.value)
    assert contents(store) == ["good"]


def test_what_is_not_utf8_is_told_with_its_byte(store: MemoryStore, tmp_path: Path) -> None:
    for name, raw, byte in (
        ("a.jsonl", b'{"text": "good"}\n{"text": "\xff"}\n', 27),
        ("a.txt", b"good \xe9t\xe9", 5),
        ("a.md", "title".encode("utf-16"), 0),
    ):
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(BadMemory, match=f"{name}, byte {byte}: not UTF-8"):
            import_path(store, tmp_path / name)


@pytest.mark.parametrize("name", ["a.jsonl", "a.md", "a.txt"])
def test_an_empty_file_is_told(store: MemoryStore, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("\n \n")
    with pytest.raises(BadMemory, match="empty"):
        import_path(store, tmp_path / name)


def test_a_byte_order_mark_and_other_line_ends_do_no_harm(store: MemoryStore, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"text": "one"}\r\n\r\n{"text": "t\\u0000wo"}\r\n')
    (tmp_path / "b.md").write_bytes(b"\xef\xbb\xbf---\r\ndomain: legal\r\n---\r\n# Title\r\nthree\0\r\n")
    import_path(store, tmp_path)
    assert contents(store) == ["one", "two", "# Title\r\nthree"]
    assert [one.domain for one in store.memories()] == [None, None, "legal"]


def test_in_a_folder_a_bad_file_is_passed_over(store: MemoryStore, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name, text in (
        ("deep/b.txt", "two"), ("a.md", "one"), ("c.jsonl", "{"), (".hidden/d.txt", "no"), ("e.png", "no"),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
    done = import_path(store, tmp_path)
    assert contents(store) == ["one", "two"]
    assert (done.files, len(done.refused)) == (3, 1)
    assert "c.jsonl, line 1" in done.refused[0]


def test_a_file_whose_name_is_no_utf8_comes_in_and_is_known_again(store: MemoryStore, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text("two")
    assert import_path(store, tmp_path) == Imported(Counts(2), 2)
    assert import_path(store, tmp_path) == Imported(Counts(), 2, skipped=2)
    assert sorted(contents(store)) == ["one", "two"]


def as_nobody(work: Callable[[], object]) -> str:
    """What ``work`` gives where nothing may be read that is not everybody's, also when we are root."""
    reader, writer = os.pipe()
    if not (child := os.fork()):
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            said = str(work())
        except BaseException as error:  # noqa: BLE001 (told to the parent)
            said = f"{type(error).__name__}: {error}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        said = told.read()
    os.waitpid(child, 0)
    return said


def test_a_folder_that_cannot_be_looked_into_is_told_and_passed_over(
    store: MemoryStore, tmp_path: Path
) -> None:
    for name in ("closed", "listed", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name)
    tmp_path.chmod(0o755)
    for above in tmp_path.parents:
        if above.stat().st_uid == os.getuid() and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o001)
    (tmp_path / "closed").chmod(0o700 if os.getuid() == 0 else 0o000)
    (tmp_path / "listed").chmod(0o744 if os.getuid() == 0 else 0o400)
    said = as_nobody(lambda: import_path(store, tmp_path))
    assert "added=1" in said and "files=1" in said
    assert f"{tmp_path / 'closed'}: permission denied" in said
    assert f"{tmp_path / 'listed' / 'a.txt'}: permission denied" in said
    for place in ("closed", "closed/a.txt", "listed/a.txt"):
        said = as_nobody(lambda place=place: import_path(store, tmp_path / place))  # type: ignore[misc]
        assert said.startswith(f"BadMemory: {tmp_path / place}: permission denied")
    for name in ("closed", "listed"):
        (tmp_path / name).chmod(0o700)


def test_where_there_is_nothing_to_import_it_says_so(store: MemoryStore, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BadMemory, match=str(path)):
            import_path(store, path)


def test_an_import_that_is_stopped_goes_on_where_it_was(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_MEMORIES", 10)
    file = lines(tmp_path / "a.jsonl", *({"text": f"memory {number}"} for number in range(100)))
    seen: list[Progress] = []

    def until_30(far: Progress) -> bool:
        seen.append(far)
        return far.counts.added < 30

    assert import_path(store, file, progress=until_30) == Imported(Counts(30), stopped=True)
    assert [far.read for far in seen] == sorted(far.read for far in seen)
    assert 0 < seen[0].read < seen[0].size == file.stat().st_size
    assert import_path(store, file) == Imported(Counts(70), 1), "the lines before are not even read as JSON"
    assert len(set(contents(store))) == 100


def test_a_full_store_stops_it_and_with_room_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_MEMORIES", 10)
    file = lines(tmp_path / "a.jsonl", *({"text": f"memory {number} " * 40} for number in range(100)))
    store = MemoryStore.open(tmp_path / "memories.sqlite3")
    with store._connections.writing() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(MemoryUnavailable, match="free some space"):
        import_path(store, file)
    there = store.stats().memories
    assert 0 < there < 100 and there % 10 == 0
    with store._connections.writing() as db:
        db.execute("PRAGMA max_page_count = 1073741823")
    assert import_path(store, file).counts == Counts(100 - there)
    store.close()


def test_an_import_that_is_killed_is_completed_by_the_next(tmp_path: Path) -> None:
    file = lines(tmp_path / "a.jsonl", *({"text": f"memory {number}"} for number in range(2_000)))
    path = tmp_path / "memories.sqlite3"
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORTER, str(path), str(file)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "50":
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    store = MemoryStore.open(path)
    there = store.stats().memories
    assert 50 <= there < 2_000 and there % 10 == 0
    assert import_path(store, file).counts == Counts(2_000 - there)
    assert sorted(contents(store)) == sorted(f"memory {number}" for number in range(2_000))
    store.close()
