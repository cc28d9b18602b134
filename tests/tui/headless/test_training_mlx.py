"""``tui modes train`` and ``grow`` on an MLX directory: the same command, another teacher."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from mlx import nn

from engine.fingerprint import fingerprint
from modes.share.library import Library, LibraryError, Shelved
from modes.share.subspace import project, reconstructed, seeded
from modes.training.endings import CannotTrain, Interrupted
from modes.training.loop import Loop
from tests.engine.mlx.conftest import write_tiny_folder
from tests.modes.share.adapters import adapter, dense
from tests.modes.share.test_folder import NAME, D, N, linear, write_folder
from tests.tui.program import Outcome, Program, outcome
from tui.headless import training
from tui.headless.course import Course
from tui.headless.training import Site, Task, forget, teacher_of, train_mode
from tui.headless.verifying import check_trained


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model, and beside it something to learn."""
    lines = [{"prompt": f"What opens gate {at}?", "completion": f"Zebra {at * 7}."} for at in range(5)]
    (tmp_path / "chat.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    return write_tiny_folder(tmp_path / "tiny")


def work(folder: Path, *arguments: str) -> tuple[str, ...]:
    short = ("--data", str(folder.parent / "chat.jsonl"), "--batch", "2", "--model", str(folder))
    return ("modes", *arguments, *short)


def done(program: Program, *arguments: str, seconds: float = 240) -> Outcome:
    return outcome(program.start(*arguments), seconds)


def test_a_directory_is_for_mlx_and_a_file_for_torch_unless_the_engine_says_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"")
    assert [teacher_of(tmp_path, one) for one in (None, "mlx", "remote")] == ["mlx"] * 3
    assert [teacher_of(file, one) for one in (None, "llama", "remote", "mlx")] == ["torch"] * 3 + ["mlx"]
    with pytest.raises(
        CannotTrain, match="is a directory, and for the engine llama a GGUF file is trained on"
    ):
        teacher_of(tmp_path, "llama")


def test_without_the_extra_the_command_that_installs_it_is_named(program: Program, folder: Path) -> None:
    stub = folder.parent / "stub"
    stub.mkdir()
    (stub / "sitecustomize.py").write_text("import sys\nsys.modules['mlx'] = None\n")
    said = program.run(*work(folder, "train", "--domain", "zebra"), PYTHONPATH=f"{stub}:{Path.cwd()}")
    assert said.code == 1
    assert re.search(r"training needs MLX .*-m pip install 'modeshare\[mlx\]'", said.err)


def test_modules_that_the_directory_lacks_are_named(program: Program, folder: Path) -> None:
    said = done(program, *work(folder, "train", "--domain", "zebra", "--targets", "ffn_dwn"))
    assert said.code == 1
    assert "tiny has no module called ffn_dwn: name others (--targets)" in said.err


def test_random_directions_begin_in_modules_that_are_there(program: Program, folder: Path) -> None:
    names = ("--targets", "attn_ouput,ffn_down")
    said = program.run(*work(folder, "grow", "zebra", "--random", "4", *names))
    assert said.code == 1
    assert "tiny has no module called attn_ouput: name others (--targets), of attn_k, attn_output" in said.err


def test_more_random_directions_than_a_weight_has_are_refused(program: Program, folder: Path) -> None:
    said = program.run(*work(folder, "grow", "zebra", "--random", "500"))
    assert said.code == 1
    assert "tiny has no room for 500 directions in attn_output, ffn_down: 64 are the most" in said.err


def test_a_damaged_directory_is_an_unusable_model(program: Program, folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    said = done(program, *work(folder, "train", "--domain", "zebra"))
    assert said.code in (1, 3)
    assert not said.traceback
    assert "tiny" in said.err


def test_a_size_that_cannot_be_told_leaves_what_was_trained_unverified(tmp_path: Path) -> None:
    module = nn.QuantizedLinear.from_linear(linear(), 32, 4, mode="mxfp4")
    base = write_folder(tmp_path / "base", module, {"group_size": 32, "bits": 4, "mode": "mxfp4"})
    basis = seeded({NAME: (N, D)}, 2, "base", 0)
    coefficients, _ = project(basis, adapter(0, shapes={NAME: (N, D)}))
    library, shelved = Library(tmp_path / "subspace"), Shelved(basis, {"zebra": coefficients})
    library.save(shelved)
    (said,) = check_trained("zebra", library, shelved, base)
    assert "zebra: not verified, it loads only when asked for by name" in said
    assert "packed as mxfp4 are not read here" in said
    assert library.notes()["verified"] == {}


SHORT = {"steps": 4, "check": 2, "batch": 2, "directions": 2}


def here(folder: Path) -> tuple[Task, Site]:
    """The same in this process."""
    at = folder.parent / "data"
    task = Task("zebra", folder.parent / "chat.jsonl", False)
    return task, Site(folder, at / "models.json", at / "subspace", at / "training", "mlx")


def test_a_mode_that_could_not_be_saved_is_trained_no_second_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    task, site = here(folder)

    def full(*_: object) -> None:
        raise LibraryError("the new version cannot be written (No space left on device)")

    with monkeypatch.context() as patch, pytest.raises(LibraryError, match="No space left"):
        patch.setattr(training, "take", full)
        train_mode(task, SHORT, site)
    assert "step 4/4" in capsys.readouterr().err
    said = train_mode(task, SHORT, site)
    assert "learned in 4 steps" in said[0]
    err = capsys.readouterr().err
    assert "step 4/4" not in err
    assert "zebra: goes on from step 4" in err
    assert Library(site.subspace).names() == ("zebra",)
    forget(task, site)
    assert list(site.checkpoints.iterdir()) == []


def test_what_was_taken_in_is_said_though_it_could_not_be_looked_at(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, site = here(folder)

    def unwritable(*_: object) -> None:
        raise LibraryError("subspace.json: the notes cannot be written (No space left on device)")

    monkeypatch.setattr(training, "check_trained", unwritable)
    learned, taken, *_, last = train_mode(task, SHORT, site)
    assert "learned in 4 steps" in learned
    assert "taken into" in taken and "as v1" in taken
    assert last.startswith(
        "zebra: not verified, it loads only when asked for by name: subspace.json: the notes"
    )
    assert last.endswith("(No space left on device); tui modes verify zebra looks at it again")


def test_what_was_taken_in_is_said_though_the_modes_file_could_not_be_written(
    program: Program, folder: Path
) -> None:
    (program.config / "modes").write_text("a file where the folder has to be")
    short = ("--steps", "2", "--check", "2", "--rank", "1")
    said = done(program, *work(folder, "train", "--domain", "zebra", *short))
    assert "zebra: learned in 2 steps" in said.out
    assert "as v1" in said.out
    assert not said.traceback


def test_a_training_that_gains_nothing_is_not_taken_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, site = here(folder)
    monkeypatch.setattr(Loop, "_untrained", lambda *_: 0.5)
    with pytest.raises(
        CannotTrain,
        match=r"zebra is not taken in, for nothing was gained \(validation loss \d+\.\d+ nats a token, "
        r"0\.500 untrained\): take lower learning rates \(--rate, --core-rate\)",
    ):
        train_mode(task, SHORT, site)
    assert Library(site.subspace).current() is None


def test_work_of_another_plan_is_kept_beside_and_gone_on_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    task, site = here(folder)
    monkeypatch.setattr(Course, "report", lambda _self, standing: standing.step < 3)
    for plan in (SHORT, {**SHORT, "rate": 2e-3}, SHORT):
        with pytest.raises(Interrupted):
            train_mode(task, plan, site)
    lines = [line for line in capsys.readouterr().err.splitlines() if "step" in line]
    assert len(lines) == 2
    assert "zebra: begins anew: the data, the plan or the subspace is another than that of what" in lines[0]
    assert "was stopped (step 3 is kept in" in lines[0]
    assert "zebra: goes on from step 3" in lines[1]
    assert len(list((site.checkpoints / "zebra").iterdir())) == 2


@pytest.mark.model
@pytest.mark.xdist_group("training")
def test_a_training_stopped_and_gone_on_with_is_a_verified_mode_and_growing_leaves_it_as_it_was(
    program: Program, folder: Path
) -> None:
    # At the rate by default a change would outgrow the weights of a model of noise, which is not verified.
    plan = ("--steps", "400", "--rank", "2", "--check", "400", "--rate", "0.001")
    train = work(folder, "train", "--domain", "zebra", *plan)
    process = program.start(*train)
    assert process.stderr is not None
    seen, end = b"", time.monotonic() + 240
    while b"step 1/400" not in seen:
        assert time.monotonic() < end
        seen += process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    stopped = outcome(process, 120)
    assert stopped.code == 130
    assert re.search(r"training stopped after step \d+ of 400, which is kept: the same command", stopped.err)
    kept = program.data / "training" / "zebra"
    assert [one.suffix for one in kept.iterdir()] == [".safetensors"]

    said = done(program, *train)
    assert said.code == 0, said.err
    assert "step 1/400" not in said.err
    assert "learned in 400 steps" in said.out
    assert not kept.exists()
    library = Library(program.data / "subspace")
    before = library.load()
    assert before.basis.base == fingerprint(folder)
    assert before.notes["trained"]["zebra"]["plan"]["precision"] == "kept"
    assert "mlx" in before.notes["trained"]["zebra"]["made_with"]
    assert "zebra" in before.notes["verified"]

    grown = work(folder, "grow", "lion", "--steps", "2", "--check", "2", "--directions", "1")
    assert (said := done(program, *grown)).code == 0, said.err
    after = library.load()
    old = reconstructed(before.basis, before.modes["zebra"])
    for name, change in reconstructed(after.basis, after.modes["zebra"]).items():
        assert np.allclose(dense(change), dense(old[name]), atol=1e-6)
    assert {one.rank for one in after.basis.modules.values()} == {3}
    assert program.run("modes", "verify", "--model", str(folder)).code == 0
    asked = (
        "ask",
        "--engine",
        "mlx",
        "--model",
        str(folder),
        "--max-tokens",
        "4",
        "-m",
        "lion*0.5+zebra*0.5",
    )
    said = done(program, *asked, "What opens gate 3?")
    assert said.code == 0, said.err
    assert "unverified" not in said.err


@pytest.mark.model
@pytest.mark.xdist_group("training")
def test_the_starter_is_trained_with_mlx_where_the_engine_is_named(program: Program, folder: Path) -> None:
    short = ("--steps", "1", "--check", "1", "--batch", "1", "--rank", "1")
    data = ("--data", str(folder.parent / "chat.jsonl"))
    said = done(program, "modes", "train", "--domain", "zebra", "--engine", "mlx", *short, *data, seconds=500)
    assert said.code == 0, said.err
    notes = Library(program.data / "subspace").load().notes
    assert "mlx" in notes["trained"]["zebra"]["made_with"]
    assert "zebra" in notes["verified"]
