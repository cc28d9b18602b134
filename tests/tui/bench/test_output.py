"""Where the JSON of a report goes. No device is written to: a pipe in a folder stands for them all."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tui.bench.output import check_target, tell
from tui.core.evaluation.endings import BadTarget

REPORT = {"schema": 1, "letters": "ᎣᏏᏲ"}


def nothing(_report: Any) -> None:
    pass


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_what_is_no_file_is_written_into_and_stays_what_it_is(pipe: Path) -> None:
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.append(pipe.read_text("utf-8")), daemon=True)
    reader.start()
    check_target(str(pipe))
    tell(REPORT, str(pipe), nothing)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    reader.join(10)
    assert json.loads(said[0]) == REPORT


def test_a_file_is_replaced_and_a_link_to_it_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "folder" / "report.json", tmp_path / "link.json"
    file.parent.mkdir()
    file.write_text("old")
    link.symlink_to(file)
    for target in (file, link):
        check_target(str(target))
        tell(REPORT, str(target), nothing)
        assert json.loads(file.read_text("utf-8")) == REPORT
    assert link.is_symlink()
    assert list(file.parent.iterdir()) == [file]


def test_standard_output_by_its_path_has_the_tables_and_the_json_after_them(tmp_path: Path) -> None:
    code = (
        "import sys; from tui.bench.output import tell\n"
        "tell({'a': 1}, sys.argv[1], lambda _: sys.stdout.write('tables\\n'))"
    )
    out = tmp_path / "link"
    out.symlink_to("/proc/self/fd/1")  # as /dev/stdout is
    for how in ("file", "pipe"):
        with (tmp_path / "out.txt").open("w+") as file:
            where = file if how == "file" else subprocess.PIPE
            done = subprocess.run([sys.executable, "-c", code, str(out)], stdout=where, text=True, check=True)
            file.seek(0)
            assert (done.stdout or file.read()) == 'tables\n{"a": 1}\n'
    assert out.is_symlink()


def test_a_reader_that_is_gone_is_said_and_where_the_report_is(pipe: Path) -> None:
    def leave() -> None:
        os.close(os.open(pipe, os.O_RDONLY))

    reader = threading.Thread(target=leave, daemon=True)
    reader.start()
    large = {**REPORT, "text": "x" * 10**6}
    with pytest.raises(BadTarget, match=r"pipe cannot be written \(Broken pipe\).*report\.json"):
        tell(large, str(pipe), nothing)
    reader.join(10)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a folder that even root cannot write into")
def test_a_folder_that_cannot_be_written_is_said_before_the_run() -> None:
    with pytest.raises(BadTarget, match=r"^/proc cannot be written \(.+\): name a file elsewhere"):
        check_target("/proc/report.json")


def test_a_folder_that_is_not_there_or_a_folder_itself_is_said_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(BadTarget, match="nowhere is not there: make it first"):
        check_target(str(tmp_path / "nowhere" / "report.json"))
    with pytest.raises(BadTarget, match="is a directory: name a file"):
        check_target(str(tmp_path))
    check_target(None)
    check_target("-")
    check_target(str(tmp_path / "report.json"))
    assert list(tmp_path.iterdir()) == []
