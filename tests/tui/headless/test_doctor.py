"""``tui doctor``: a report on what there is, whatever is missing."""

from __future__ import annotations

from pathlib import Path

from tests.engine.tiny import write_tiny_llama
from tests.tui.program import Program
from tui.core.store import Store


def lines_of(report: str) -> dict[str, list[str]]:
    """The report's lines by subject, each with its mark."""
    found: dict[str, list[str]] = {}
    for line in report.splitlines():
        if line[:3] in ("ok ", "BAD"):
            found.setdefault(line[4:18].strip(), []).append(line[:3].strip() + " " + line[19:])
    return found


def test_a_machine_that_has_all_is_0_and_told_what_it_has(program: Program, starter: Path) -> None:
    program.ask("hi")
    report = program.run("doctor")
    assert [report.code, report.err] == [0, ""]
    found = lines_of(report.out)
    assert all(line.startswith("ok ") for lines in found.values() for line in lines)
    assert starter.stem in found["model"][0]
    assert str(starter) in found["model"][0]
    assert "135M parameters" in found["model"][0]
    assert found["conversations"] == [f"ok 1 in {program.data / 'conversations.sqlite3'}"]
    assert "base, legal, coding" in found["modes"][0]
    assert found["device"][0].startswith("ok CPU")
    assert float(found["speed"][0].split()[1].replace(",", "")) > 1


def test_a_build_without_gpu_is_said_with_its_remedy(program: Program) -> None:
    from engine.llama.library import supports_gpu

    report = program.run("doctor").out
    if supports_gpu():
        assert "built for GPU" in report
    else:
        assert "built for CPU only" in report
        assert "make chat CUDA=1" in report


def test_a_missing_model_is_1_and_the_rest_is_still_reported(program: Program, tmp_path: Path) -> None:
    report = program.run("doctor", "--model", str(tmp_path / "absent.gguf"))
    assert [report.code, report.traceback] == [1, False]
    found = lines_of(report.out)
    (model,) = found["model"]
    assert model.startswith("BAD no model file at ")
    assert "absent.gguf" in model
    assert {"python", "terminal", "config", "conversations", "modes", "device", "engine"} < set(found)


def test_an_unusable_data_folder_is_1_and_the_model_is_still_tried(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    report = program.run("doctor", MODESHARE_DATA_DIR=str(tmp_path / "file" / "data"))
    assert [report.code, report.traceback] == [1, False]
    found = lines_of(report.out)
    assert found["conversations"][0].startswith("BAD ")
    assert "MODESHARE_DATA_DIR" in found["conversations"][0]
    assert found["model"][0].startswith("ok ")
    assert "speed" in found


def test_a_mode_file_that_is_wrong_is_1_and_named_once(program: Program) -> None:
    modes = program.config / "modes"
    modes.mkdir()
    (modes / "odd.toml").write_text("title = 3\n")
    report = program.run("doctor", "--model", "/absent.gguf")
    assert report.code == 1
    (line,) = lines_of(report.out)["mode file"]
    assert line.startswith(f"BAD {modes / 'odd.toml'}: ")
    assert line.count("odd.toml") == 1


def test_a_damaged_store_that_was_set_aside_is_told(program: Program) -> None:
    (program.data / "conversations.sqlite3").write_bytes(b"no database at all" * 100)
    report = program.run("doctor", "--model", "/absent.gguf")
    told, counted = lines_of(report.out)["conversations"]
    assert "was damaged and is kept as conversations.sqlite3.damaged-" in told
    assert counted.startswith("ok 0 in ")
    with_rest = Store.open(program.data / "conversations.sqlite3")
    assert with_rest.notice is None
    with_rest.close()


def test_a_wrong_configuration_is_2_as_everywhere(program: Program) -> None:
    (program.config / "config.toml").write_text("threads = 0\n")
    report = program.run("doctor")
    assert report.code == 2
    assert "threads" in report.err


def test_the_machine_is_tried_out_once_and_again_when_asked_for(program: Program, tmp_path: Path) -> None:
    tiny = write_tiny_llama(tmp_path / "tiny.gguf")

    def tuning(*flags: str) -> list[str]:
        report = program.run(
            "doctor", *flags, "--model", str(tiny), MODESHARE_TUNE="true", MODESHARE_THREADS=""
        )
        return lines_of(report.out)["tuning"]

    first = tuning()
    assert [line.split()[1] for line in first[:3]] == ["flash", "threads", "batch"]
    assert all("tok/s" in line for line in first[:3])
    assert tuning() == first, "remembered to the last figure"
    assert tuning("--tune") != first
    forced = tuning("--no-flash-attention", "--batch", "64", "--threads", "1")
    assert all(line.endswith("set by the operator") for line in forced)
