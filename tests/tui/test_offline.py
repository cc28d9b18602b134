"""A whole first conversation on a machine that has no network at all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tui.program import TUI, Program
from tests.tui.screen import opened
from tests.tui.watched import refusing_network

#: A network namespace of its own has no interface but a loopback that is down.
ALONE = ("unshare", "--map-root-user", "--net")

_OUTWARD = "import socket; socket.create_connection(('127.0.0.1', 9), 2)"

_BRIEF = """
max_tokens = 8
[sampling]
temperature = 0.0
"""


@dataclass(frozen=True)
class Alone:
    """How a program is kept from the network, and where it is on record that it tried."""

    before: tuple[str, ...]
    variables: dict[str, str]
    record: Path


@pytest.fixture(params=["its own network namespace", "every step refused"])
def alone(request: pytest.FixtureRequest, tmp_path: Path) -> Alone:
    record = tmp_path / "wanted.txt"
    if request.param == "every step refused":
        return Alone((), refusing_network(tmp_path / "watch", record), record)
    try:
        made = subprocess.run([*ALONE, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare on this machine")
    if made.returncode:
        pytest.skip(f"a network namespace is not permitted here: {made.stderr.strip()}")
    return Alone(ALONE, {}, record)


@pytest.fixture
def brief(program: Program) -> Iterator[Program]:
    """The program with two modes whose answers are short and always the same."""
    modes = program.config / "modes"
    modes.mkdir()
    (modes / "short.toml").write_text(f'title = "Short"\ndescription = "Few words."{_BRIEF}')
    (modes / "coding.toml").write_text(f'extends = "coding"{_BRIEF}')
    yield program


def test_what_keeps_a_program_from_the_network_does(program: Program, alone: Alone) -> None:
    command = [*alone.before, sys.executable, "-c", _OUTWARD]
    tried = subprocess.run(
        command, env=program.environment(**alone.variables), capture_output=True, text=True, check=False
    )
    assert tried.returncode == 1
    assert "Network is unreachable" in tried.stderr or "no network here" in tried.stderr
    assert alone.before or "127.0.0.1" in alone.record.read_text()


@pytest.mark.terminal
def test_a_first_conversation_needs_no_network_and_is_found_again(brief: Program, alone: Alone) -> None:
    def answers() -> list[str]:
        return [
            node.content
            for talk in brief.talks()
            for node in talk
            if node.role == "assistant" and node.status in ("done", "length")
        ]

    with opened(brief, "--mode", "short", before=alone.before, **alone.variables) as screen:
        screen.shows("idle")
        screen.type("What is the sea?")
        screen.until(lambda: len(answers()) == 1, "first answer")
        screen.shows("first ")
        screen.type("/mode coding")
        screen.shows("mode: ")
        screen.type("Print the sea in Python.")
        screen.until(lambda: len(answers()) == 2, "second answer")
        assert screen.leave() == 0

    ((first, _, second, last),) = brief.talks()
    assert [first.content, second.content] == ["What is the sea?", "Print the sea in Python."]
    assert last.provenance is not None
    assert last.provenance.mode == "coding"

    found = ("--resume", first.conversation[:12])
    with opened(brief, *found, before=alone.before, **alone.variables) as screen:
        screen.shows("What is the sea?")
        screen.shows("Print the sea in Python.")
        for answer in answers():
            screen.shows(answer.split()[0])
        screen.shows("idle")
        assert screen.leave() == 0
    assert not alone.record.exists()


def test_one_question_without_a_screen_needs_no_network(program: Program, alone: Alone) -> None:
    command = [*alone.before, str(TUI), "ask", "--json", "--max-tokens", "4", "What is the sea?"]
    asked = subprocess.run(
        command,
        input=b"The sea is wide.",
        env=program.environment(**alone.variables),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert [asked.returncode, asked.stderr] == [
        0,
        b"cut off: the limit of tokens for one answer was reached\n",
    ]
    assert json.loads(asked.stdout)["text"] == program.talks()[0][1].content
    assert not alone.record.exists()


def test_the_report_on_the_machine_needs_no_network(program: Program, alone: Alone) -> None:
    command = [*alone.before, str(TUI), "doctor"]
    report = subprocess.run(
        command, env=program.environment(**alone.variables), capture_output=True, timeout=60, check=False
    )
    assert [report.returncode, report.stderr] == [0, b""]
    assert not alone.record.exists()
