"""What was sent is there again tomorrow, whatever became of the program that sent it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tui.core.history import LONGEST, MOST, History, Walk
from tui.core.paths import PathUnusable

_SENDS = """
import sys
from pathlib import Path
from tui.core.history import History
history = History(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    history.add(f"{sys.argv[2]} {number}")
print("sent", flush=True)
sys.stdin.read()
"""


def sending(file: Path, name: str, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _SENDS, str(file), name, str(number)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


def test_what_was_sent_is_there_in_the_next_session_and_only_ours_to_read(file: Path) -> None:
    for text in ("one", "two\nlines", "ᏣᎳᎩ \ud800 \x85"):
        History(file).add(text)
    assert History(file).texts() == ["one", "two\nlines", "ᏣᎳᎩ \ud800 \x85"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_same_twice_is_kept_once_and_what_is_very_long_is_not(file: Path) -> None:
    history = History(file)
    for text in ("one", "one", "x" * (LONGEST + 1)):
        history.add(text)
    assert history.texts() == ["one"]


def test_without_a_file_the_program_remembers_by_itself() -> None:
    history = History(None)
    history.add("one")
    assert history.texts() == ["one"]


def test_nothing_is_lost_when_the_program_is_killed(file: Path) -> None:
    program = sending(file, "sent", 3)
    assert program.stdout is not None and program.stdout.readline()
    program.send_signal(signal.SIGKILL)
    program.communicate(timeout=10)
    assert History(file).texts() == ["sent 0", "sent 1", "sent 2"]


def test_two_programs_add_to_one_file_and_see_what_the_other_sent(file: Path) -> None:
    mine = History(file)
    mine.add("mine")
    programs = [sending(file, name, 200) for name in ("a", "b")]
    for program in programs:
        program.communicate(timeout=60)
    texts = mine.texts()
    assert len(texts) == 401 and texts[0] == "mine"
    assert [text for text in texts if text.startswith("a")] == [f"a {number}" for number in range(200)]


def test_the_file_stays_bounded_while_others_write_to_it(file: Path) -> None:
    file.write_text("".join(f'"old {number}"\n' for number in range(2 * MOST)))
    histories = [History(file) for _ in range(4)]

    def send(history: History, name: str) -> None:
        for number in range(20):
            history.add(f"{name} {number}")

    threads = [
        threading.Thread(target=send, args=(history, name))
        for history, name in zip(histories, "abcd", strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    texts = History(file).texts()
    assert file.read_bytes().count(b"\n") <= MOST + 80
    assert {f"{name} {number}" for name in "abcd" for number in range(20)} <= set(texts)
    assert list(file.parent.iterdir()) == [file]


def test_large_texts_do_not_make_it_large(file: Path) -> None:
    file.write_text("".join(f'"{number} {"x" * 9000}"\n' for number in range(600)))
    History(file).add("last")
    assert file.stat().st_size < 2_100_000 and History(file).texts()[-1] == "last"


def test_a_line_that_a_full_disk_cut_off_spoils_no_other(file: Path) -> None:
    file.write_text('"one"\n"tw')
    History(file).add("three")
    file.write_text(file.read_text() + "17\nnull\n")
    assert History(file).texts() == ["one", "three"]


def test_a_file_that_cannot_be_used_is_told_once_and_the_text_recalled_all_the_same(file: Path) -> None:
    file.mkdir()
    history = History(file)
    with pytest.raises(PathUnusable, match=r"history\.jsonl: not a file"):
        history.add("one")
    history.add("two")
    assert history.texts() == ["one", "two"]


def test_a_folder_that_is_gone_is_told_with_what_is_lost(file: Path) -> None:
    with pytest.raises(PathUnusable, match="what you send is not kept for later sessions"):
        History(file.parent / "gone" / "history.jsonl").add("one")


def test_a_walk_meets_each_text_once_and_comes_back_to_the_draft() -> None:
    walk = Walk(["one", "two", "one"], "draft")
    assert [walk.step(-1) for _ in range(3)] == ["one", "two", None]
    assert [walk.step(1) for _ in range(3)] == ["one", "draft", None]


def test_a_walk_from_a_beginning_meets_what_goes_on_from_it() -> None:
    walk = Walk(["/mode legal", "hello", "/mode coding", "/mo"], "/mo")
    assert [walk.step(-1) for _ in range(3)] == ["/mode coding", "/mode legal", None]
