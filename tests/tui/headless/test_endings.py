"""``tui ask`` that does not come to its end: Ctrl-C, a reader that went away, and a kill."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import termios
import time
from array import array
from pathlib import Path
from typing import IO

import pytest

from tests.tui.program import ENDLESS, Program, outcome, read_until

STORY = ("ask", "--temperature", "0", "--max-tokens", "600", ENDLESS)


def unread(pipe: IO[bytes]) -> int:
    """Bytes that the other side of a pipe has not taken yet."""
    count = array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


def rest_of(terminal: int) -> bytes:
    """All that is still to come from the other side of a terminal, until it is closed there."""
    seen = b""
    try:
        while piece := os.read(terminal, 4096):
            seen += piece
    except OSError:  # how Linux says that the other side is closed
        pass
    return seen


def test_ctrl_c_while_the_model_loads_is_130_at_once(program: Program) -> None:
    terminal, theirs = pty.openpty()
    # So long a question that no answer can come, even should the load be over before the signal arrives.
    process = program.start("ask", "word " * 3000, stderr=theirs)
    os.close(theirs)
    seen = read_until(terminal, b"loading the model")
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    seen += rest_of(terminal)
    ended = outcome(process)
    assert time.monotonic() - began < 5
    assert [ended.code, ended.out] == [130, ""]
    assert b"interrupted" in seen
    assert b"Traceback" not in seen
    assert b"Exception" not in seen
    os.close(terminal)


def test_ctrl_c_in_mid_answer_is_130_and_keeps_what_there_is(program: Program) -> None:
    process = program.start(*STORY)
    assert process.stdout is not None
    seen = read_until(process.stdout.fileno(), b" and").decode()
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    ended = outcome(process)
    assert time.monotonic() - began < 5
    assert [ended.code, ended.err.strip()] == [130, "tui: interrupted"]
    ((_, answer),) = program.talks()
    assert answer.status == "stopped"
    assert answer.content.startswith(seen + ended.out)


def test_ctrl_c_while_the_question_is_typed_is_130(program: Program) -> None:
    process = program.start("ask", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"Why ")
    process.stdin.flush()
    end = time.monotonic() + 30
    while unread(process.stdin):  # there is nothing else to see of a program that waits for its input
        assert time.monotonic() < end, "it does not read its input"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    ended = outcome(process)
    assert [ended.code, ended.out, ended.err.strip()] == [130, "", "tui: interrupted"]


def test_a_reader_that_goes_away_ends_it_quietly_and_what_there_is_is_kept(program: Program) -> None:
    process = program.start(*STORY)
    assert process.stdout is not None
    seen = read_until(process.stdout.fileno(), b" ").decode()
    process.stdout.close()
    process.stdout = None
    ended = outcome(process)
    assert [ended.code, ended.err] == [1, ""]
    ((_, answer),) = program.talks()
    assert answer.status == "stopped"
    assert answer.content.startswith(seen)


def test_an_output_without_room_is_told_and_the_answer_is_kept(program: Program) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - it is no file
        ended = outcome(program.start("ask", "--max-tokens", "8", "Why?", stdout=full))
    assert [ended.code, ended.traceback] == [1, False]
    assert ended.err.splitlines()[-1] == "tui: no space left on device: make room, and run it again"
    ((_, answer),) = program.talks()
    assert answer.content


@pytest.mark.parametrize(
    "wrong", [("ask", "-m", "nosuch", "Why?"), ("nosuch",), ("--resume", "nosuch", "ask")]
)
def test_where_errors_have_no_room_the_exit_code_is_still_theirs(
    program: Program, wrong: tuple[str, ...]
) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - it is no file
        untold = outcome(program.start(*wrong, stderr=full))
    told = outcome(program.start(*wrong))
    assert told.err
    assert [untold.code, untold.out] == [told.code, told.out] == [2, ""]


def test_a_closed_output_is_told_before_anything_is_done(program: Program) -> None:
    ended = outcome(program.start("ask", "Why?", preexec_fn=lambda: os.close(1)))
    assert [ended.code, ended.traceback] == [1, False]
    assert ended.err.startswith("tui: standard output is closed: give it a file, or /dev/null")
    assert program.talks() == []


@pytest.mark.parametrize("pause", [1.3, 2.1])
def test_a_kill_in_mid_answer_loses_at_most_the_last_second(program: Program, pause: float) -> None:
    process = program.start(*STORY)
    assert process.stdout is not None
    arrived: list[tuple[float, bytes]] = []
    end = None
    while end is None or time.monotonic() < end:
        arrived.append((time.monotonic(), os.read(process.stdout.fileno(), 4096)))
        end = end or time.monotonic() + pause
    killed = time.monotonic()
    process.kill()
    whole = b"".join(piece for _, piece in arrived) + outcome(process).out.encode()
    old = b"".join(piece for moment, piece in arrived if moment < killed - 1)
    ((_, answer),) = program.talks()
    assert answer.status == "interrupted"
    kept = answer.content.encode()
    assert whole.startswith(kept)
    assert old
    assert kept.startswith(old)


def test_after_a_kill_the_next_question_is_answered(program: Program) -> None:
    process = program.start(*STORY)
    assert process.stdout is not None
    read_until(process.stdout.fileno(), b" ")
    process.kill()
    outcome(process)
    assert program.ask("hi").code == 0
    assert [talk[-1].status for talk in program.talks()] == ["length", "interrupted"]
    leftovers = [file.name for file in Path(program.data).iterdir() if "damaged" in file.name]
    assert leftovers == []
