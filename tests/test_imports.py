"""What is not imported before it is needed: a start must not wait for what it does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.program import Program
from tests.tui.screen import opened
from tests.tui.watched import import_mark, telling_imports

#: What runs or trains models.
HEAVY = ("llama_cpp", "mlx", "openai", "sentence_transformers", "torch", "transformers")

#: What the first frame shows nothing of: others' first, then ours for turns, lists, commands, keys and modes
#: that an operator has written.
LATER = (
    *("hashlib", "jinja2", "json", "markdown_it", "numpy", "psutil", "pydantic"),
    "textual.widgets._markdown",
    *("memory", "sentence_transformers", "tui.core.memories", "tui.ui.screens.memories"),
    *("engine.contract", "tui.core.turn", "tui.core.conversation", "tui.core.store.tree", "tui.ui.live"),
    *("tui.ui.rows", "tui.ui.widgets.conversations", "tui.ui.widgets.popup", "tui.ui.widgets.entries"),
    *("tui.core.commands", "tui.core.complete", "tui.ui.screens.commands", "tui.ui.screens.palette"),
    *("tui.ui.keys", "tui.ui.key_groups", "tui.ui.screens.help", "modes.shelf"),
)


def modules_after(code: str) -> set[str]:
    """Names of the top-level packages that a fresh Python has loaded after ``code``."""
    script = f"import sys\n{code}\nprint('LOADED', *{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_help_loads_no_more_than_the_command_line_needs() -> None:
    helped = modules_after("from tui.cli import app\napp(['--help'], prog_name='tui', standalone_mode=False)")
    assert "click" in helped
    assert helped.isdisjoint({*HEAVY, "engine", "gguf", "jinja2", "numpy", "pydantic", "sqlite3", "textual"})


@pytest.mark.parametrize(
    "module",
    [
        *("tui.cli", "tui.cli.memory", "tui.ui.app", "tui.headless.ask", "tui.core.turn", "modes.catalog"),
        *("memory.sqlite.store", "memory.recall.recall", "memory.embed", "memory.audit", "memory.extract"),
    ],
)
def test_no_module_above_the_engine_loads_what_runs_models(module: str) -> None:
    assert modules_after(f"import {module}").isdisjoint(HEAVY)


def test_every_module_can_be_the_first_that_is_imported() -> None:
    # In processes that are forked off: what an earlier one imported would hide a circle. What is not ours is
    # there before, for it takes seconds.
    every = """
import importlib, os, pkgutil, sqlite3
import click, gguf, httpx, llama_cpp, mlx_lm, numpy, psutil, textual.widgets, torch, transformers
import engine, memory, modes, tui
for package in (engine, memory, modes, tui):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not os.fork():
            importlib.import_module(module.name)
            os._exit(0)
        assert os.wait()[1] == 0, module.name
"""
    modules_after(every)


def test_no_part_of_the_screen_loads_what_runs_models() -> None:
    everything = """
import pkgutil, importlib, tui.ui
for module in pkgutil.walk_packages(tui.ui.__path__, "tui.ui."):
    importlib.import_module(module.name)
"""
    assert modules_after(everything).isdisjoint(HEAVY)


@pytest.mark.terminal
def test_the_first_frame_is_drawn_before_what_runs_models_is_loaded(tmp_path: Path) -> None:
    program = Program(tmp_path / "data", tmp_path / "config")
    watching = telling_imports(tmp_path / "watch", HEAVY)
    with opened(program, **watching) as screen:
        screen.shows("idle")
        drawn = screen.seen.index(b"/help  all commands")
        assert drawn < screen.seen.index(import_mark("llama_cpp"))
        seen = [module for module in HEAVY if import_mark(module) in screen.seen]
        assert seen == ["llama_cpp"]
        assert screen.leave() == 0


@pytest.mark.terminal
def test_the_first_frame_waits_for_nothing_that_it_does_not_show(tmp_path: Path) -> None:
    program = Program(tmp_path / "data", tmp_path / "config")
    with opened(program, **telling_imports(tmp_path / "watch", LATER)) as screen:
        screen.shows("idle")
        before = screen.seen[: screen.seen.index(b"/help  all commands")]
        assert [module for module in LATER if import_mark(module) in before] == []
        assert import_mark("tui.ui.widgets.conversations") in screen.seen, "else nothing was watched"
        assert screen.leave() == 0
