"""Programs that die, and programs that live side by side: real processes on one real file."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tui.core.conversation import Provenance
from tui.core.store import Store

PLAIN = Provenance(model="m", fingerprint=None, mode="base", mode_version="1")

COMMON = """
import sys
from pathlib import Path
from tui.core.conversation import Provenance
from tui.core.store import Store
PLAIN = Provenance(model="m", fingerprint=None, mode="base", mode_version="1")
def say(*words):
    print(*words, flush=True)
"""

# Acknowledges each save with its number once it is made.
STREAM = (
    COMMON
    + """
store = Store.open(Path(sys.argv[1]))
talk = store.create()
answer = store.begin_answer(talk.id, store.add_question(talk.id, None, "go on").id, PLAIN)
say(answer.id)
text = ""
for number in range(1_000_000):
    text += f"word{number} "
    store.save_partial(answer.id, text, "thought " + text)
    say(number)
"""
)

HOLD = (
    COMMON
    + """
store = Store.open(Path(sys.argv[1]))
talk = store.create()
answer = store.begin_answer(talk.id, store.add_question(talk.id, None, "wait").id, PLAIN)
store.save_partial(answer.id, "begun", "")
say(answer.id)
sys.stdin.readline()
store.finish_answer(answer.id, text="ended", thinking="", status="done", usage=None)
say("finished")
"""
)

# Waits for a line, so that all begin together; then writes whole turns.
TURNS = (
    COMMON
    + """
say("ready")
sys.stdin.readline()
store = Store.open(Path(sys.argv[1]))
talk = store.create()
parent = None
for number in range(15):
    question = store.add_question(talk.id, parent, f"question {number}")
    answer = store.begin_answer(talk.id, question.id, PLAIN)
    for part in range(5):
        store.save_partial(answer.id, "x" * part, "")
    store.finish_answer(answer.id, text=f"answer {number}", thinking="", status="done", usage=None)
    parent = answer.id
store.close()
say(parent)
"""
)


def start(program: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def end(process: subprocess.Popen[str]) -> str:
    process.kill()
    rest, _ = process.communicate()
    return rest


def quick_check(path: Path) -> str:
    with closing(sqlite3.connect(path)) as db:
        return str(db.execute("PRAGMA quick_check").fetchone()[0])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "conversations.sqlite3"


@pytest.mark.parametrize("attempt", range(15))
def test_a_kill_in_mid_answer_loses_at_most_the_last_save(path: Path, attempt: int) -> None:
    writer = start(STREAM, path)
    answer = line_of(writer)
    assert line_of(writer) == "0"
    time.sleep(random.uniform(0, 0.15))
    acknowledged = [int(line) for line in end(writer).split("\n")[:-1]]
    last = acknowledged[-1] if acknowledged else 0

    with closing(Store.open(path)) as store:
        node = store.path(answer)[-1]
        assert store.notice is None
        assert node.status == "interrupted"
        words = node.content.split()
        assert words == [f"word{number}" for number in range(len(words))]
        assert last + 1 <= len(words) <= last + 2, "acknowledged saves, and perhaps one more"
        assert node.thinking == "thought " + node.content
        assert [hit.conversation.id for hit in store.search(f"word{last}")] == [node.conversation]
        latest = store.latest()
        assert latest is not None
        assert latest.head == answer
        again = store.begin_answer(node.conversation, str(node.parent), PLAIN)
        store.finish_answer(again.id, text="whole", thinking="", status="done", usage=None)
    assert quick_check(path) == "ok"


def test_an_answer_of_a_living_program_is_left_alone_and_both_can_write(path: Path) -> None:
    other = start(HOLD, path)
    answer = line_of(other)
    try:
        with closing(Store.open(path)) as store:
            assert [store.path(answer)[-1].status, store.path(answer)[-1].content] == ["streaming", "begun"]
            mine = store.add_question(store.create().id, None, "mine")
            tell(other)
            assert line_of(other) == "finished"
            assert [store.path(answer)[-1].status, store.path(answer)[-1].content] == ["done", "ended"]
            assert store.path(mine.id) == [mine]
    finally:
        end(other)


def test_an_answer_of_this_program_is_left_alone_by_a_second_opening(path: Path) -> None:
    with closing(Store.open(path)) as one:
        talk = one.create()
        begun = one.begin_answer(talk.id, one.add_question(talk.id, None, "q").id, PLAIN)
        with closing(Store.open(path)) as two:
            assert two.path(begun.id)[-1].status == "streaming"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="what a zombie is, is the system's matter")
def test_a_killed_program_that_nobody_waited_for_counts_as_dead(path: Path) -> None:
    other = start(HOLD, path)
    answer = line_of(other)
    try:
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # dead, and still in the process table
        with closing(Store.open(path)) as store:
            assert store.path(answer)[-1].status == "interrupted"
    finally:
        end(other)


def test_a_pid_that_was_used_again_does_not_keep_an_answer_streaming(path: Path) -> None:
    with closing(Store.open(path)) as store:
        talk = store.create()
        begun = store.begin_answer(talk.id, store.add_question(talk.id, None, "q").id, PLAIN)
        store.save_partial(begun.id, "so far", "")
    with closing(sqlite3.connect(path)) as db, db:
        assert (
            db.execute("SELECT owner_pid FROM message WHERE id = ?", (begun.id,)).fetchone()[0] == os.getpid()
        )
        db.execute("UPDATE message SET owner_started = owner_started - 3600 WHERE id = ?", (begun.id,))
    with closing(Store.open(path)) as store:
        assert [store.path(begun.id)[-1].status, store.path(begun.id)[-1].content] == [
            "interrupted",
            "so far",
        ]
        finished = store.finish_answer(begun.id, text="after all", thinking="", status="done", usage=None)
        assert store.path(begun.id)[-1] == finished, "an owner wrongly held for dead can still finish"
        assert store.search("so far") == []


def test_programs_that_start_at_once_on_a_new_store_all_write_all_they_have(path: Path) -> None:
    writers = [start(TURNS, path) for _ in range(4)]
    try:
        for writer in writers:
            assert line_of(writer) == "ready"
        for writer in writers:
            tell(writer)
        heads = [line_of(writer) for writer in writers]
        assert [writer.wait(30) for writer in writers] == [0, 0, 0, 0]
    finally:
        for writer in writers:
            end(writer)
    turns = [text for number in range(15) for text in (f"question {number}", f"answer {number}")]
    with closing(Store.open(path)) as store:
        assert {one.head for one in store.list()} == set(heads)
        for head in heads:
            assert [node.content for node in store.path(head)] == turns
        assert len(store.search("answer 14")) == 4
    assert quick_check(path) == "ok"
    assert not list(path.parent.glob("*damaged*"))
