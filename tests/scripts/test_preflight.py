"""What is missing on a machine is said before anything is built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHELL = shutil.which("sh") or "/bin/sh"

#: A Python that pretends: its answer to `-c CODE` is changed by a line that runs first.
_PYTHON = """#!{shell}
if [ "$1" = -c ]; then exec {python} -c "{first}; exec(__import__('sys').argv[1])" "$2"; fi
if [ "$1" = -V ]; then echo "Python {version}"; exit 0; fi
exec {python} "$@"
"""


@dataclass(frozen=True)
class Machine:
    """A folder with all programs that there are."""

    tools: Path

    def has(self, name: str, text: str | None = None) -> None:
        file = self.tools / name
        file.write_text(text or f"#!{SHELL}\nexit 0\n")
        file.chmod(0o755)

    def has_python(self, first: str = "pass", version: str = "3.12.1") -> None:
        self.has("python3", _PYTHON.format(shell=SHELL, python=sys.executable, first=first, version=version))

    def lacks(self, name: str) -> None:
        (self.tools / name).unlink()

    def preflight(self, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SHELL, str(ROOT / "scripts/preflight.sh")],
            env={"PATH": str(self.tools), **variables},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One that has all that is needed and not a program more."""
    tools = tmp_path / "bin"
    tools.mkdir()
    made = Machine(tools)
    made.has_python()
    for compiler in ("cc", "c++"):
        made.has(compiler)
    cut = shutil.which("cut")
    assert cut
    (tools / "cut").symlink_to(cut)
    return made


def test_a_machine_that_has_all_is_told_nothing(machine: Machine) -> None:
    said = machine.preflight()
    assert [said.returncode, said.stdout, said.stderr] == [0, "", ""]


@pytest.mark.parametrize(("tool", "name"), [("cc", "C compiler (cc)"), ("c++", "C++ compiler (c++)")])
def test_a_missing_compiler_is_said_with_its_remedy(machine: Machine, tool: str, name: str) -> None:
    machine.lacks(tool)
    said = machine.preflight()
    assert said.returncode == 1
    assert f"missing: a {name}" in said.stderr
    assert "apt-get install build-essential" in said.stderr
    assert said.stderr.count("missing:") == 1


def test_a_compiler_of_ones_own_is_looked_for_by_its_name(machine: Machine) -> None:
    for tool in ("cc", "c++"):
        machine.lacks(tool)
    for tool in ("clang", "clang++"):
        machine.has(tool)
    assert machine.preflight(CC="clang", CXX="clang++").returncode == 0
    said = machine.preflight(CC="icc", CXX="clang++")
    assert [said.returncode, said.stderr.count("missing:")] == [1, 1]
    assert "C compiler (icc)" in said.stderr


def test_a_missing_python_is_said_and_how_to_name_another(machine: Machine) -> None:
    machine.lacks("python3")
    said = machine.preflight()
    assert said.returncode == 1
    assert "missing: Python (python3)" in said.stderr
    assert "make PYTHON=" in said.stderr
    assert "python9" in machine.preflight(PYTHON="python9").stderr


def test_a_python_that_is_too_old_is_said_with_its_version(machine: Machine) -> None:
    machine.has_python("import sys; sys.version_info = (3, 10, 12)", "3.10.12")
    said = machine.preflight()
    assert said.returncode == 1
    assert "missing: Python 3.11 or later (python3 is 3.10.12)" in said.stderr
    assert "make PYTHON=python3.12" in said.stderr


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_its_venv_module_is_said_with_its_package(machine: Machine, module: str) -> None:
    machine.has_python(f"import sys; sys.modules['{module}'] = None")
    said = machine.preflight()
    assert said.returncode == 1
    assert "missing: the venv module of python3" in said.stderr
    assert "apt-get install python3-venv" in said.stderr


def test_cuda_without_its_toolkit_is_said_only_when_it_is_wanted(machine: Machine) -> None:
    assert machine.preflight(CUDA="").returncode == 0
    said = machine.preflight(CUDA="1")
    assert said.returncode == 1
    assert "missing: the CUDA toolkit (nvcc is not on the PATH)" in said.stderr
    assert "leave out CUDA=1" in said.stderr
    machine.has("nvcc")
    assert machine.preflight(CUDA="1").returncode == 0


def test_all_that_is_missing_is_said_at_once(machine: Machine) -> None:
    for tool in ("python3", "cc", "c++"):
        machine.lacks(tool)
    said = machine.preflight(CUDA="1")
    assert [said.returncode, said.stderr.count("missing:"), said.stderr.count("->")] == [1, 4, 4]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that make reads, without a `.venv`."""
    folder = tmp_path / "clone"
    (folder / "scripts").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "scripts/preflight.sh"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def make(clone: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        ["make", "--no-print-directory", "-C", str(clone), *arguments],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_chat_looks_first_then_installs_then_opens_the_chat(clone: Path) -> None:
    steps = make(clone, "-n", "chat").stdout
    order = ["preflight.sh", "-m venv .venv", "--editable '.[starter,evaluation]'", ".venv/bin/tui"]
    assert sorted(order, key=steps.index) == order
    assert "CMAKE_ARGS" not in steps


def test_make_chat_with_cuda_compiles_for_it_with_what_else_is_asked_of_the_compiler(clone: Path) -> None:
    steps = make(clone, "-n", "chat", "CUDA=1", CMAKE_ARGS="-DCMAKE_CUDA_ARCHITECTURES=90").stdout
    assert 'CUDA="1" sh scripts/preflight.sh' in steps
    assert 'CMAKE_ARGS="-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=90"' in steps
    assert steps.rstrip().endswith(".venv/bin/tui")


def test_make_test_runs_every_check_after_the_install(clone: Path) -> None:
    steps = make(clone, "-n", "test").stdout
    order = [
        "'.[starter,memory,mlx,postgres,train,evaluation,dev]'",
        "ruff check",
        "ruff format --check",
        "bin/mypy",
        "lint-imports",
        "bin/pytest",
    ]
    assert sorted(order, key=steps.index) == order


@pytest.mark.parametrize("wanted", ["chat", "test", "bench"])
def test_nothing_is_made_where_something_is_missing(clone: Path, wanted: str) -> None:
    refused = make(clone, wanted, "PYTHON=no-such-python")
    assert refused.returncode != 0
    assert "missing: Python (no-such-python)" in refused.stderr
    assert not (clone / ".venv").exists()
