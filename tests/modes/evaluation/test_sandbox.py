"""A model's program passes only when its tests ran, and whatever it does ends and does little harm."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from modes.evaluation.sandbox import Ending, Limits, Verdict, run_tests

RIGHT = "def add(a, b):\n    return a + b\n"
TESTS = "assert add(1, 2) == 3\n"


def run(program: str, tests: str = TESTS, seconds: float = 30.0, memory: int = 1 << 30) -> Verdict:
    return run_tests(program, tests, Limits(seconds, memory))


def test_a_right_program_passes() -> None:
    verdict = run(RIGHT)
    assert [verdict.ending, verdict.passed, verdict.output] == ["passed", True, ""]
    assert verdict.seconds > 0


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("def add(a, b):\n    return a - b\n", "AssertionError"),
        ("def add(a, b)", "SyntaxError"),
        ("\ud800", "SyntaxError"),
        ("def add(a, b):\n    return input()\n", "EOFError"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("import os; os._exit(0)", ""),
        ("import sys; print('token passed'); sys.stdout.flush(); import os; os._exit(0)", "token passed"),
        ("def add(a, b):\n    raise SystemExit", "SystemExit"),
        ("open('big', 'w').write('x' * (1 << 22))", "File too large"),
        ("import os; os.fork()", "os.fork is not allowed"),
        ("import subprocess; subprocess.run(['true'])", "not allowed"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "not allowed"),
        ("import os; os.kill(os.getppid(), 9)", "os.kill is not allowed"),
        ("def add(a, b):\n    return add(a, b)\n", "RecursionError"),
    ],
)
def test_a_program_that_is_wrong_in_any_way_fails(program: str, says: str) -> None:
    verdict = run(program)
    assert verdict.ending == "failed"
    assert says in verdict.output


def test_the_tests_may_not_leave_early_either() -> None:
    assert run(RIGHT, "import sys; sys.exit(0)").ending == "failed"


def test_a_program_without_end_is_stopped() -> None:
    began = time.perf_counter()
    assert run("while True: pass", seconds=2).ending == "timeout"
    assert run("import time; time.sleep(60)", seconds=2).ending == "timeout"
    assert time.perf_counter() - began < 30


def test_a_program_that_swallows_every_error_is_stopped() -> None:
    endless = "while True:\n    try:\n        while True: pass\n    except BaseException: pass\n"
    assert run(endless, seconds=2).ending == "timeout"


@pytest.mark.parametrize("program", ["x = 'a' * (1 << 31)", "x = [0]\nwhile True: x = x + x"])
def test_a_program_that_wants_too_much_memory_is_told_apart(program: str) -> None:
    expected: Ending = "memory"
    assert run(program, memory=1 << 28).ending == expected


def test_output_without_end_is_cut() -> None:
    verdict = run("while True: print('a' * 10_000)")
    assert verdict.ending == "failed"
    assert len(verdict.output) <= 2000


def test_nothing_outside_of_its_folder_is_written_or_removed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("whole")
    for deed in (
        f"import os; os.remove({str(kept)!r})",
        f"open({str(kept)!r}, 'w')",
        f"import pathlib; pathlib.Path({str(kept)!r}).rename('mine')",
        f"import shutil; shutil.rmtree({str(tmp_path)!r})",
        f"import os; os.symlink({str(tmp_path)!r}, 'link'); open('link/kept', 'w')",
    ):
        verdict = run(f"{deed}\n{RIGHT}")
        assert [verdict.ending, "outside of the working directory" in verdict.output] == ["failed", True]
    assert kept.read_text() == "whole"


def test_its_own_folder_is_its_own() -> None:
    program = """
import os, pathlib, shutil, tempfile
home = pathlib.Path.home()
assert home == pathlib.Path.cwd() and os.listdir(home) == [] and not os.environ.get("USER")
(home / "a").mkdir(); (home / "a" / "b").write_text("c"); shutil.rmtree(home / "a")
with tempfile.TemporaryDirectory(dir=home): pass
shutil.rmtree(home)
"""
    assert run(program + RIGHT).ending == "passed"


def test_the_environment_and_the_arguments_tell_nothing() -> None:
    os.environ["MODESHARE_SECRET"] = "told"
    try:
        verdict = run("import os, sys; print(dict(os.environ), sys.argv[1:])\n" + RIGHT)
    finally:
        del os.environ["MODESHARE_SECRET"]
    assert "told" not in verdict.output
    assert "[]" in verdict.output
