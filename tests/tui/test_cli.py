"""The command line: help, options, and every way to be refused."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tui.program import Program, outcome
from tui.core.conversation import Node

COMMANDS = ("ask", "config", "data", "doctor", "memory", "modes", "plan")
PARTS = (
    *(("config", name) for name in ("path", "show")),
    *(("data", name) for name in ("backup", "path", "remove", "restore", "undelete")),
    *(("memory", name) for name in ("add", "audit", "embed", "extract", "forget", "heat", "import")),
    *(("memory", name) for name in ("search", "stats", "sync")),
    *(("modes", name) for name in ("list", "show")),
)


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS), *PARTS])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_is_printed_for_every_command(program: Program, command: tuple[str, ...], flag: str) -> None:
    said = program.run(*command, flag)
    assert [said.code, said.err] == [0, ""]
    assert said.out.startswith("Usage: tui")


def test_help_lists_every_command_and_the_version_is_told(program: Program) -> None:
    listed = program.run("--help").out.partition("Commands:")[2]
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "] == [
        *COMMANDS
    ]
    assert program.run("--version").out.startswith("tui, version ")


@pytest.mark.parametrize("told", ["", "2"])
def test_linear_algebra_has_one_thread_unless_more_are_asked_for(program: Program, told: str) -> None:
    script = """
import os, sys
from tui.cli import main
sys.argv = ["tui", "--version"]
try:
    main()
finally:
    import numpy
    print(len(os.listdir("/proc/self/task")))
"""
    environment = program.environment(OPENBLAS_NUM_THREADS=told)
    if not told:
        del environment["OPENBLAS_NUM_THREADS"]
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert int(done.stdout.split()[-1]) == min(int(told or 1), len(os.sched_getaffinity(0)))


# 2: wrong usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["aks", "hi"], ["aks"]),
        (["ask", "--temperature", "3", "hi"], ["--temperature", "0<=x<=2"]),
        (["ask", "--seed", "4294967295", "hi"], ["--seed"]),
        (["ask", "--max-tokens", "0", "hi"], ["--max-tokens"]),
        (["ask", "--context", "5", "hi"], ["--context", "256"]),
        (["-m", "leagl"], ["'leagl'", "did you mean legal?", "base, legal, coding"]),
        (["ask", "-m", "leagl", "hi"], ["'leagl'", "did you mean legal?", "base, legal, coding"]),
        (["ask", "-m", "legal*x", "hi"], ["legal*x", "legal*0.7+reasoning*0.3"]),
        (["--resume", "12ab"], ["no conversation '12ab'", "latest: none yet"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_2_and_says_what_would_be_right(
    program: Program, arguments: list[str], said: list[str]
) -> None:
    refused = program.run(*arguments)
    assert [refused.code, refused.out, refused.traceback] == [2, "", False]
    for words in said:
        assert words in refused.err


@pytest.mark.parametrize("missing", ["standard input", "standard error"])
def test_a_chat_without_a_terminal_is_2_and_says_what_answers_without_one(
    program: Program, missing: str
) -> None:
    terminal, theirs = pty.openpty()
    process = program.start(**{"stdin": theirs} if missing == "standard error" else {})
    os.close(theirs)
    refused = outcome(process)
    os.close(terminal)
    assert [refused.code, refused.out, refused.traceback] == [2, "", False]
    assert f"{missing} is none" in refused.err and "tui ask" in refused.err


def test_a_wrong_setting_is_2_and_names_file_and_field(program: Program) -> None:
    file = program.config / "config.toml"
    file.write_text('context = "big"\n')
    refused = program.ask("hi")
    assert refused.code == 2
    assert f"{file}: context: found " in refused.err
    assert "expected a whole number" in refused.err


def test_a_wrong_variable_is_2_and_is_named(program: Program) -> None:
    refused = program.ask("hi", MODESHARE_CONTEXT="big")
    assert refused.code == 2
    assert "MODESHARE_CONTEXT: found " in refused.err


def test_a_variable_that_means_nothing_is_told_with_the_nearest_name(program: Program) -> None:
    said = program.ask("hi", MODESHARE_MODELL="x.gguf")
    assert said.code == 0
    told = "MODESHARE_MODELL: no such variable, it changes nothing (did you mean MODESHARE_MODEL"
    assert told in said.err


# 3: no usable model


@pytest.mark.parametrize(
    "kind", ["absent", "folder", "picture", "empty", "cut in its header", "cut in its tensors"]
)
def test_a_model_that_cannot_be_used_is_3_and_says_what_to_do(
    program: Program, tmp_path: Path, starter: Path, kind: str
) -> None:
    file = tmp_path / "model.gguf"
    if kind == "folder":
        file.mkdir()
    elif kind != "absent":
        size = {"picture": 0, "empty": 0, "cut in its header": 200_000, "cut in its tensors": 50_000_000}[
            kind
        ]
        with starter.open("rb") as whole:
            file.write_bytes(b"\x89PNG\r\n\x1a\n" if kind == "picture" else whole.read(size))
    refused = program.ask("--model", str(file), "hi")
    assert [refused.code, refused.out, refused.traceback] == [3, "", False]
    assert str(file) in refused.err
    remedies = (
        "name a GGUF file",
        "name a readable GGUF file",
        "convert the model to GGUF",
        "download it again",
    )
    assert any(remedy in refused.err for remedy in remedies)
    assert program.talks() == []


def test_an_error_steers_no_terminal_whatever_it_quotes(program: Program) -> None:
    for command in (("ask", "hi"), ("doctor",)):
        refused = program.run(*command, "--model", "no\x1b]0;owned\x07\x1b[31msuch.gguf")
        assert "nosuch.gguf" in refused.err + refused.out
        assert not set(refused.err + refused.out) & set("\x1b\x07")


def test_a_context_beyond_all_memory_is_3_and_says_what_fits(program: Program) -> None:
    refused = program.ask("--context", "2000000000", "hi")
    assert [refused.code, refused.traceback] == [3, False]
    assert "2,000,000,000" in refused.err
    assert "--context" in refused.err


# 4: no usable store


def test_a_data_folder_that_cannot_be_made_is_4_and_the_variable_is_named(
    program: Program, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file" / "data", Path("/proc/modeshare")):
        refused = program.ask("hi", MODESHARE_DATA_DIR=str(folder))
        assert [refused.code, refused.out, refused.traceback] == [4, "", False]
        assert str(folder) in refused.err
        assert "MODESHARE_DATA_DIR" in refused.err


def test_a_store_of_a_newer_program_is_4_and_stays_as_it_is(program: Program) -> None:
    import sqlite3

    file = program.data / "conversations.sqlite3"
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    refused = program.ask("hi")
    assert refused.code == 4
    assert "newer modeshare" in refused.err
    assert file.read_bytes() == before


# Options


def wrote(node: Node) -> str:
    assert node.provenance is not None
    return node.provenance.mode


def test_options_may_stand_before_or_after_the_command_and_those_after_it_win(program: Program) -> None:
    assert program.run("-m", "coding", "--context", "512", "ask", "--max-tokens", "2", "hi").code == 0
    assert program.run("ask", "--context", "512", "-m", "legal", "--max-tokens", "2", "hi").code == 0
    assert program.run("-m", "coding", "ask", "-m", "legal*0.5", "--max-tokens", "2", "hi").code == 0
    assert [wrote(answer) for _, answer in program.talks()] == ["legal*0.5", "legal", "coding"]
    too_long = program.run("--context", "256", "ask", "word " * 400)
    assert "the context holds 256" in too_long.err


def test_a_variable_comes_before_the_file_and_a_flag_before_both(program: Program) -> None:
    (program.config / "config.toml").write_text('mode = "coding"\n')
    for flags, variables in (
        ((), {}),
        ((), {"MODESHARE_MODE": "legal"}),
        (("-m", "base"), {"MODESHARE_MODE": "legal"}),
    ):
        assert replace(program, variables=variables).ask(*flags, "hi").code == 0
    assert [wrote(answer) for _, answer in program.talks()] == ["base", "legal", "coding"]


def test_a_traceback_is_shown_with_debug_only(program: Program) -> None:
    assert not program.run("ask", "-m", "leagl", "hi").traceback
    assert program.run("--debug", "ask", "-m", "leagl", "hi").traceback
    assert program.run("ask", "-m", "leagl", "hi", MODESHARE_DEBUG="1").traceback


def test_a_mode_file_that_is_wrong_is_told_and_the_rest_works(program: Program) -> None:
    modes = program.config / "modes"
    modes.mkdir()
    (modes / "legal.toml").write_text('extends = "legal"\ncolor = "#ffffff"\n')
    (modes / "poet.toml").write_text('title = "Poet"\ndescription = "Writes verse."\n')
    said = program.ask("-m", "poet", "hi")
    assert said.code == 0
    assert said.err.count("legal.toml") == 1
    assert "color: unknown field (did you mean colour?)" in said.err
    assert "legal.toml" not in said.out
    assert program.ask("-m", "legal", "hi").code == 0, "the built-in one stays"
