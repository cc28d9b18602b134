"""The store under ``kill -9`` at random moments: what was confirmed is there, and nothing is half.

500 times, or as often as the variable ``KILLS`` says.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.tui.core.ledger import Ledger, Operation, on_disk
from tui.core.store import Store

KILLS = int(os.environ.get("KILLS", "500"))

#: A store is given up for a new one after so many kills: looking through it takes longer and longer.
LIVES = 30

#: The longest that a writer lives after its first word, in seconds.
LIFE = 0.06


@pytest.fixture
def nursery() -> Iterator[subprocess.Popen[str]]:
    """The program that forks writers."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "tests.tui.core.store_writer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert "ready" in heard(process)
    yield process
    process.kill()
    process.communicate()


def heard(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the program that forks writers has died"
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def killed(nursery: subprocess.Popen[str], path: Path, seed: int) -> list[dict[str, object]]:
    """All that a writer said until it was killed."""
    assert nursery.stdin is not None
    nursery.stdin.write(json.dumps([str(path), seed]) + "\n")
    nursery.stdin.flush()
    writer = heard(nursery)["writer"]
    assert isinstance(writer, int)
    time.sleep(random.uniform(0, LIFE))
    os.kill(writer, signal.SIGKILL)
    words = []
    while "over" not in (word := heard(nursery)):
        words.append(word)
    return words


def follow(ledger: Ledger, words: list[dict[str, object]]) -> Operation | None:
    """Enter what was confirmed into ``ledger``; the operation that was announced and not confirmed."""
    announced: Operation | None = None
    for word in words:
        if "will" in word:
            assert isinstance(word["will"], list)
            announced = word["will"]
        else:
            assert announced is not None
            ledger.apply(announced, str(word["did"]))
            announced = None
    return announced


def possible(ledger: Ledger, announced: Operation | None, found: Ledger) -> list[Ledger]:
    """What the store may hold: all that was confirmed, without or with what was announced last."""
    if announced is None:
        return [ledger.ended()]
    done = ledger.copy()
    made = [*(found.talks.keys() - ledger.talks.keys()), *(found.said.keys() - ledger.said.keys())]
    done.apply(announced, made[0] if len(made) == 1 else "")
    return [ledger.ended(), done.ended()]


def test_whenever_a_program_is_killed_what_it_confirmed_is_there_and_nothing_is_half(
    nursery: subprocess.Popen[str], tmp_path: Path
) -> None:
    confirmed = 0
    verbs: set[str] = set()
    path, ledger = tmp_path / "none", Ledger()
    for number in range(KILLS):
        if number % LIVES == 0:
            path, ledger = tmp_path / str(number) / "conversations.sqlite3", Ledger()
        words = killed(nursery, path, seed=number)
        announced = follow(ledger, words)
        with closing(Store.open(path)) as store:
            assert store.notice is None
            found = on_disk(path)
            assert found.ended() in possible(ledger, announced, found)
            for talk in store.list(10):
                assert store.path(str(talk.head)), "every conversation can be read"
        confirmed += sum("did" in word for word in words)
        verbs |= {str(will[0]) for word in words if isinstance(will := word.get("will"), list)}
        ledger = found
    assert confirmed > KILLS, "the writers had time to write"
    if KILLS >= 60:
        everything = {"create", "question", "begin", "save", "finish"}
        everything |= {"rename", "delete", "undelete", "fork", "purge"}
        assert verbs == everything
    print(f"{KILLS} kills, {confirmed} operations confirmed, none lost")  # noqa: T201
