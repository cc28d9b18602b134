"""Adapters made elsewhere become modes of one's own: brought in, spoken in, taken out, brought back."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import tomllib
from pathlib import Path

import numpy as np
import pytest

from modes.share.change import Adapter
from modes.share.exchange import FORMS, BaseModel
from modes.share.library import Library
from modes.share.subspace import reconstructed
from tests.modes.share.adapters import change, dense
from tests.tui.program import Program, outcome
from tui.headless.coefficients import add_mode_file


@pytest.fixture
def base(starter: Path) -> BaseModel:
    return BaseModel.of(starter)


def adapter(base: BaseModel, seed: int, rank: int = 2) -> Adapter:
    """Strong enough that the model says something else, on two kinds of module."""
    rng = np.random.default_rng(seed)
    names = [name for name in base.shapes if "attn_output" in name or "ffn_down" in name]
    return {name: change(rng, base.shapes[name], rank, 0.035) for name in names}


def wrote(program: Program, name: str, base: BaseModel, seed: int = 1, form: str = "peft") -> Path:
    path = program.data.parent / f"{name}-{seed}-{form}"
    FORMS[form](path, adapter(base, seed), base)
    return path


def test_the_starter_says_of_itself_what_an_adapter_needs(base: BaseModel) -> None:
    assert (base.architecture, base.heads, base.kv_heads) == ("llama", 9, 3)
    assert base.shapes["blk.0.ffn_down.weight"] == (576, 1536)
    assert base.shapes["blk.29.attn_k.weight"] == (192, 576)


@pytest.mark.parametrize("form", FORMS)
def test_an_imported_adapter_is_a_mode_that_speaks_differently(
    program: Program, base: BaseModel, form: str
) -> None:
    plain = program.ask("Name a river.").out
    brought = program.run("modes", "import", "river", str(wrote(program, "river", base, form=form)))
    assert [brought.code, brought.err] == [0, ""]
    assert "60 modules taken into" in brought.out
    assert "as v2, largest error" in brought.out
    assert "rank 30 to 30" in brought.out, "begun with what is shipped"
    said = program.ask("-m", "river", "Name a river.")
    assert said.code == 0
    assert said.out != plain
    assert program.ask("Name a river.").out == plain
    answer = program.talks()[1][1]
    assert answer.provenance is not None
    assert answer.provenance.scales == (("river", 1.0),)
    assert answer.provenance.coefficients == "v2"


def test_whoever_reads_may_be_gone_before_the_end_and_the_mode_is_whole_all_the_same(
    program: Program, base: BaseModel
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = program.start("modes", "import", "river", str(wrote(program, "river", base)), stdout=writing)
    os.close(writing)
    ended = outcome(process, 60)
    assert [ended.code, ended.traceback] == [1, False]
    assert json.loads(program.run("modes", "show", "river", "--json").out)["mode"]["coefficients"] == "river"


def test_a_built_in_mode_gets_coefficients_and_keeps_its_prompt(program: Program, base: BaseModel) -> None:
    assert program.run("modes", "import", "legal", str(wrote(program, "legal", base))).code == 0
    shown = json.loads(program.run("modes", "show", "legal", "--json").out)["mode"]
    assert shown["coefficients"] == "legal"
    assert "38 CFR" in shown["prompt"]


@pytest.mark.usefixtures("nothing")
def test_a_second_one_grows_the_subspace_and_both_blend(program: Program, base: BaseModel) -> None:
    program.run("modes", "import", "one", str(wrote(program, "one", base, 1)))
    alone = program.ask("-m", "one", "Name a river.").out
    second = program.run("modes", "import", "two", str(wrote(program, "two", base, 2)))
    assert "as v3" in second.out
    assert "rank 4 to 4" in second.out
    assert program.ask("-m", "one", "Name a river.").out == alone, "growing changes no old mode"
    assert program.ask("-m", "one*0.5+two*0.5", "Name a river.").code == 0
    assert "v3 in" in program.run("doctor").out


@pytest.mark.usefixtures("nothing")
def test_out_again_and_in_again_is_the_same_mode(program: Program, base: BaseModel) -> None:
    program.run("modes", "import", "one", str(wrote(program, "one", base)))
    for form in FORMS:
        target = program.data.parent / f"out-{form}"
        assert program.run("modes", "export", "one", str(target), "--form", form).code == 0
        assert program.run("modes", "import", f"again-{form}", str(target)).code == 0
        assert program.ask("-m", f"again-{form}", "Name a river.").code == 0
    kept = Library(program.data / "subspace").load()
    one = reconstructed(kept.basis, kept.modes["one"])
    for form in FORMS:
        for name, found in reconstructed(kept.basis, kept.modes[f"again-{form}"]).items():
            off = np.linalg.norm(dense(found) - dense(one[name])) / np.linalg.norm(dense(one[name]))
            assert off < 2e-3, (form, name)
    taken = program.run("modes", "export", "one", str(program.data.parent / "out-peft"))
    assert taken.code == 1
    assert "is there already and was left as it is" in taken.err


def test_what_was_taken_out_can_be_brought_back(program: Program, base: BaseModel) -> None:
    program.run("modes", "import", "one", str(wrote(program, "one", base)))
    said = program.ask("-m", "one", "Name a river.").out
    assert program.run("modes", "remove", "one").code == 0
    gone = program.ask("-m", "one", "Name a river.")
    assert gone.code == 1
    assert "there are no coefficients called one" in gone.err
    assert "tui modes import one PATH" in gone.err
    assert "v2 is current now" in program.run("modes", "rollback").out
    assert program.ask("-m", "one", "Name a river.").out == said
    assert "v1 is current now" in program.run("modes", "rollback").out, "what is shipped, as it was"
    assert "no coefficients called one" in program.ask("-m", "one", "Name a river.").err
    refused = program.run("modes", "rollback")
    assert [refused.code, refused.traceback] == [1, False]
    assert "there is no version before v1" in refused.err


def test_a_shipped_mode_can_be_taken_out_and_brought_back(program: Program) -> None:
    assert "cherokee: taken out in v2" in program.run("modes", "remove", "cherokee").out
    assert "cherokee: prompt and sampling only" in program.ask("-m", "cherokee", "hi").err
    assert "only" not in program.ask("-m", "legal", "hi").err
    assert "v1 is current now" in program.run("modes", "rollback").out
    assert "only" not in program.ask("-m", "cherokee", "hi").err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("import", "Big", "."), 2, "cannot be a mode with coefficients"),
        (("import", "base", "."), 2, "and not base"),
        (("import", "one", "."), 1, "is no adapter: name a GGUF LoRA file"),
        (("import", "one", "/absent"), 2, "does not exist"),
        (
            ("export", "one", "out"),
            1,
            "no coefficients called one (it has: cherokee, legal, coding, reasoning)",
        ),
        (("remove", "one"), 1, "no coefficients called one (it has: cherokee, legal, coding, reasoning)"),
        (("rollback",), 1, "there is no version before"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_done_is_said(
    program: Program, arguments: tuple[str, ...], code: int, said: str
) -> None:
    refused = program.run("modes", *arguments)
    assert [refused.code, refused.out, refused.traceback] == [code, "", False]
    assert said in refused.err


def test_a_path_with_any_signs_in_it_makes_a_mode_file_that_can_be_read(
    program: Program, base: BaseModel
) -> None:
    path = program.data.parent / 'an "odd\\ name'
    FORMS["peft"](path, adapter(base, 1), base)
    assert program.run("modes", "import", "odd", str(path)).code == 0
    shown = json.loads(program.run("modes", "show", "odd", "--json").out)["mode"]
    assert shown["description"] == 'Imported from an "odd\\ name.'


def test_a_mode_file_of_ones_own_is_not_changed(program: Program, base: BaseModel) -> None:
    folder = program.config / "modes"
    folder.mkdir()
    mine = 'title = "Mine"\ndescription = "Mine."\n'
    (folder / "one.toml").write_text(mine)
    brought = program.run("modes", "import", "one", str(wrote(program, "one", base)))
    assert brought.code == 0
    assert 'add the line coefficients = "one" to it' in brought.err
    assert (folder / "one.toml").read_text() == mine


def test_a_subspace_for_another_base_is_refused_and_both_are_named(
    program: Program, base: BaseModel, tmp_path: Path
) -> None:
    from tests.engine.tiny import write_tiny_llama

    program.run("modes", "import", "one", str(wrote(program, "one", base)))
    other = write_tiny_llama(tmp_path / "tiny.gguf")
    tiny = BaseModel.of(other)
    FORMS["peft"](tmp_path / "tiny", adapter(tiny, 1), tiny)
    refused = program.run("modes", "import", "two", str(tmp_path / "tiny"), "--model", str(other))
    assert [refused.code, refused.traceback] == [1, False]
    assert "is for base 6763b3be017f, and tiny.gguf is " in refused.err
    spoken = program.ask("--model", str(other), "-m", "one", "hi")
    assert spoken.code == 1
    assert "was made for base 6763b3be017f" in spoken.err


def test_a_mode_is_not_exported_for_another_base_and_both_are_named(program: Program, tmp_path: Path) -> None:
    from tests.engine.tiny import write_tiny_llama

    other = write_tiny_llama(tmp_path / "tiny.gguf")
    refused = program.run("modes", "export", "legal", str(tmp_path / "out"), "--model", str(other))
    assert [refused.code, refused.out, refused.traceback] == [1, "", False]
    assert "legal is for base 6763b3be017f, and tiny.gguf is " in refused.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", FORMS)
def test_a_disk_that_is_full_leaves_nothing_of_an_export_and_is_said(
    program: Program, tmp_path: Path, form: str
) -> None:
    """No file may be larger than what is left: every write beyond it fails, as on a full disk."""

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    place = tmp_path / "place"
    place.mkdir()
    target = place / "new" / "out"
    process = program.start("modes", "export", "legal", str(target), "--form", form, preexec_fn=little_room)
    refused = outcome(process, 60)
    assert [refused.code, refused.out, refused.traceback] == [1, "", False]
    assert re.search(rf"{target} cannot be written \(.*(too large|requested and).*\): make room", refused.err)
    assert list(place.iterdir()) == []


def test_an_export_goes_where_no_folder_is_yet_and_says_where_it_cannot_go(
    program: Program, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "legal.gguf"
    assert program.run("modes", "export", "legal", str(target), "--form", "gguf").code == 0
    assert [one.name for one in target.parent.iterdir()] == ["legal.gguf"]
    below = target / "out"
    refused = program.run("modes", "export", "legal", str(below))
    assert [refused.code, refused.out, refused.traceback] == [1, "", False]
    assert f"{below} cannot be written (Not a directory)" in refused.err
    refused = program.run("modes", "export", "legal", str(tmp_path / ("long" * 80)))
    assert [refused.code, refused.out, refused.traceback] == [1, "", False]
    assert "cannot be written (File name too long)" in refused.err


@pytest.mark.parametrize("name", ["a\nb", "\U0001f98a", os.fsdecode(b"caf\xe9"), "\x1b[31m", 'an "odd\\'])
def test_what_a_mode_comes_from_is_a_line_of_toml_whatever_the_name(tmp_path: Path, name: str) -> None:
    (said,) = add_mode_file("odd", f"Imported from {name}.", tmp_path / "modes", False, None)
    assert "odd.toml: written" in said
    described = tomllib.loads((tmp_path / "modes" / "odd.toml").read_text("utf-8"))["description"]
    assert described.isprintable()
    assert described == f"Imported from {name}." or not name.isprintable()


def test_a_mode_file_that_cannot_be_written_does_not_hide_that_the_mode_is_there(tmp_path: Path) -> None:
    (tmp_path / "modes").write_text("in the way")
    (said,) = add_mode_file("river", "Trained here.", tmp_path / "modes", False, None)
    assert "river.toml cannot be written (" in said
    assert 'coefficients = "river"' in said
    assert 'description = "Trained here."' in said
    (of_ours,) = add_mode_file("legal", "Trained here.", tmp_path / "modes", True, None)
    assert 'extends = "legal", coefficients = "legal"' in of_ours


def test_a_mode_file_that_was_begun_on_a_full_disk_does_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(path: Path, text: str, encoding: str) -> int:
        path.write_bytes(text.encode(encoding)[:9])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    (said,) = add_mode_file("river", "Trained here.", tmp_path / "modes", False, None)
    assert "cannot be written (No space left on device)" in said
    assert list((tmp_path / "modes").iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "there is no model at {path}"),
        ("empty", "{path} cannot be read as a model ("),
        ("text", "{path} cannot be read as a model (not a GGUF file)"),
        ("cut", "{path} cannot be read as a model ("),
        ("folder", "{path} has no config.json"),
    ],
)
def test_a_model_that_is_none_is_named_with_what_to_do(
    program: Program, tmp_path: Path, kind: str, said: str
) -> None:
    path = tmp_path / "model.gguf"
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes({"empty": b"", "text": b"no model at all", "cut": b"GGUF" + bytes([3, 0, 0])}[kind])
    for command in (("export", "legal", str(tmp_path / "out")), ("verify",)):
        refused = program.run("modes", *command, "--model", str(path))
        assert [refused.code, refused.out, refused.traceback] == [3, "", False]
        assert said.format(path=path) in refused.err
        assert "--model" in refused.err
