"""``tui modes train`` and ``grow``: what cannot be done says so at once; what is done is a mode."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from modes.share.exchange import BaseModel
from modes.share.library import Library, Shelved
from modes.share.subspace import reconstructed, seeded
from modes.training.loop import Standing
from modes.training.plan import Plan
from tests.modes.share.adapters import dense
from tests.tui.headless.test_coefficients import wrote
from tests.tui.program import Outcome, Program, outcome
from tui.core.notices import Notices
from tui.headless.course import Course
from tui.headless.training import GROWING_RATE


@pytest.fixture
def data(data: Path) -> Path:
    lines = [{"prompt": f"What opens gate {at}?", "completion": f"Zebra {at * 7}."} for at in range(5)]
    (data.parent / "chat.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    return data


def train(program: Program, *arguments: str, seconds: float = 300) -> Outcome:
    short = ("--data", str(program.data.parent / "chat.jsonl"), "--batch", "2")
    return outcome(program.start("modes", *arguments, *short), seconds)


@pytest.fixture
def program(program: Program) -> Program:
    program.variables["OMP_NUM_THREADS"] = "1"
    return program


@pytest.mark.usefixtures("nothing")
def test_growing_without_a_subspace_says_what_comes_first(program: Program) -> None:
    said = program.run("modes", "grow", "legal")
    assert said.code == 1
    assert "has no subspace yet: train or import a mode first, or begin with random directions" in said.err


def test_random_directions_are_for_the_beginning_only(program: Program, starter: Path) -> None:
    program.run("modes", "import", "one", str(wrote(program, "one", BaseModel.of(starter))))
    said = program.run("modes", "grow", "legal", "--random", "4")
    assert said.code == 1
    assert "has a subspace already: leave out --random" in said.err


@pytest.mark.usefixtures("nothing")
def test_more_random_directions_than_a_weight_has_are_refused(program: Program) -> None:
    said = program.run("modes", "grow", "legal", "--random", "5000")
    assert said.code == 1
    assert "has no room for 5000 directions in attn_output, ffn_down: 576 are the most" in said.err


def test_a_domain_that_is_not_ours_needs_data(program: Program) -> None:
    said = program.run("modes", "train", "--domain", "lega")
    assert said.code == 2
    assert "no domain is called 'lega'" in said.err


def test_bad_data_is_named_with_its_line(program: Program) -> None:
    file = program.data / "chat.jsonl"
    file.write_text('{"prompt": "Who?", "completion": "Me."}\n{"prompt": 1}\n')
    said = program.run("modes", "train", "--domain", "zebra", "--data", str(file))
    assert said.code == 2
    assert f"{file}, line 2: needs" in said.err


def test_another_base_is_refused_and_its_subspace_stays(program: Program) -> None:
    library = Library(program.data / "subspace")
    library.save(Shelved(seeded({"blk.0.ffn_down.weight": (8, 8)}, 2, "another", 0), {}))
    said = program.run("modes", "train", "--domain", "legal")
    assert said.code == 1
    assert "is for base another, and" in said.err
    assert library.current() == "v1"


def test_without_the_extra_the_command_that_installs_it_is_named(program: Program) -> None:
    stub = program.data.parent / "stub"
    stub.mkdir()
    (stub / "torch.py").write_text("raise ImportError('No module named torch')")
    path = f"{stub}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    said = program.run("modes", "train", "--domain", "legal", PYTHONPATH=path)
    assert said.code == 1
    assert re.search(r"-m pip install 'modeshare\[train\]'", said.err)


@pytest.mark.parametrize("command", ["train", "grow"])
def test_help_says_how_a_training_is_stopped_and_what_its_rates_are(program: Program, command: str) -> None:
    said = " ".join(program.run("modes", command, "--help").out.split())
    assert "Ctrl-C stops" in said
    assert f"Default: {Plan().rate:g}; grow: {GROWING_RATE:g}." in said
    assert ("Modes that are there stay what they are" in said) == (command == "grow")


@pytest.mark.model
@pytest.mark.xdist_group("training")
def test_a_training_stopped_and_gone_on_with_is_a_mode_and_growing_leaves_it_as_it_was(
    program: Program,
) -> None:
    work = ("train", "--domain", "zebra", "--steps", "3", "--rank", "2", "--check", "3")
    chat = str(program.data.parent / "chat.jsonl")
    process = program.start("modes", *work, "--data", chat, "--batch", "2")
    assert process.stderr is not None
    seen, end = b"", time.monotonic() + 240
    while b"step 1/3" not in seen:
        assert time.monotonic() < end
        seen += process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    stopped = outcome(process, 120)
    assert stopped.code == 130
    assert re.search(r"training stopped after step [123] of 3, which is kept: the same command", stopped.err)
    assert [one.suffix for one in (program.data / "training" / "zebra").iterdir()] == [".pt"]
    assert Library(program.data / "subspace").current() is None

    done = train(program, *work)
    assert done.code == 0, done.err
    assert "step 1/3" not in done.err
    assert "learned in 3 steps" in done.out
    assert "zebra: goes on from step" in done.err
    assert not (program.data / "training" / "zebra").exists()
    library = Library(program.data / "subspace")
    before = library.load()
    plan = before.notes["trained"]["zebra"]["plan"]
    assert (plan["directions"], plan["rate"]) == (2, Plan().rate)
    assert "zebra" in before.notes["verified"]

    grown = train(program, "grow", "lion", "--steps", "2", "--check", "2", "--directions", "1")
    assert grown.code == 0, grown.err
    after = library.load()
    old = reconstructed(before.basis, before.modes["zebra"])
    for name, change in reconstructed(after.basis, after.modes["zebra"]).items():
        assert np.allclose(dense(change), dense(old[name]), atol=1e-6)
    assert {one.rank for one in after.basis.modules.values()} == {31}, "28 that are shipped, 2 and 1"
    plan = after.notes["trained"]["lion"]["plan"]
    assert (plan["directions"], plan["rate"], plan["core_rate"]) == (1, GROWING_RATE, Plan().core_rate)
    assert set(plan["targets"]) == {"attn_output", "ffn_down"}
    said = program.ask("-m", "lion*0.5+zebra*0.5", "Name a river.")
    assert said.code == 0
    assert "unverified" not in said.err


STANDING = Standing(25, 100, 1.5, 1.25, 3_700.0)


def test_the_course_is_a_line_every_so_many_steps_where_nobody_watches(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Course(Notices()) as course:
        for step in range(1, 101):
            assert course.report(Standing(step, 100, 1.5, None if step < 50 else 1.25, 100.0 - step))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "step 1/100  loss 1.500  1 min 39 s left at most"
    assert [line.split()[1] for line in lines] == ["1/100", "25/100", "50/100", "75/100", "100/100"]
    assert lines[-1] == "step 100/100  loss 1.500, validation 1.250  0 s left at most"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_step_and_a_second_one_at_once(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Course(Notices()) as course:
        assert course.report(STANDING)
        signal.raise_signal(number)
        assert not course.report(STANDING)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_a_signal_while_a_line_is_being_written_breaks_nothing(program: Program) -> None:
    lines = """
from modes.training.loop import Standing
from tui.core.notices import Notices
from tui.headless.course import Course
notices = Notices()
with Course(notices) as course:
    course.report(Standing(2, 100, 1.5, None, 98.0))
    notices.say("x" * 1_000_000)
    print(course.report(Standing(3, 100, 1.5, None, 97.0)))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", lines],
        env=program.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert os.read(process.stderr.fileno(), 1) == b"x"  # more than a pipe holds: the line goes on as we read
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == "False\n", err[-400:]
    assert "stopping after this step (once more: at once" in err
    assert err.count("x") == 999_999


def test_a_signal_before_the_first_step_ends_it_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), Course(Notices()):
        signal.raise_signal(signal.SIGINT)
