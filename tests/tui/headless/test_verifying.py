"""``tui modes verify`` and ``compact``: what is good is on record, what is not is refused with 5."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modes.share.compaction import total_bytes
from modes.share.exchange import BaseModel
from modes.share.library import Library, LibraryError, Shelved
from modes.share.subspace import build
from modes.share.taking import take
from tests.modes.share.adapters import adapter
from tests.tui.headless.test_coefficients import wrote
from tests.tui.program import Program
from tui.headless.compacting import compact_modes
from tui.headless.refusal import BadSize, Refused
from tui.headless.sizes import parse_size


@pytest.fixture
def imported(program: Program, starter: Path) -> Program:
    assert (
        program.run("modes", "import", "river", str(wrote(program, "river", BaseModel.of(starter)))).code == 0
    )
    return program


def test_what_was_imported_is_worn_when_named_and_otherwise_not_until_it_is_verified(
    imported: Program,
) -> None:
    named = imported.ask("-m", "river", "Name a river.")
    assert "unverified" not in named.err
    by_default = imported.ask("Name a river.", MODESHARE_MODE="river")
    assert (
        "river: unverified coefficients were left out: check them (tui modes verify river)" in by_default.err
    )
    assert by_default.out != named.out
    resumed = imported.ask("--resume", "latest", "Another.")
    assert "unverified coefficients were left out" in resumed.err
    checked = imported.run("modes", "verify", "river")
    assert checked.code == 0
    assert checked.out.startswith("river: verified, 60 modules, relative change")
    assert "effective rank" in checked.out
    again = imported.ask("Name a river.", MODESHARE_MODE="river")
    assert (again.out, again.err) == (named.out, named.err)


def test_what_is_shipped_can_be_verified_too_a_line_a_mode(program: Program) -> None:
    checked = program.run("modes", "verify")
    assert [checked.code, checked.err] == [0, ""]
    assert [line.partition(":")[0] for line in checked.out.splitlines()] == [
        "cherokee",
        "legal",
        "coding",
        "reasoning",
    ]
    assert "verified, 60 modules" in checked.out


def test_verifying_can_be_read_by_a_program(imported: Program) -> None:
    found = json.loads(imported.run("modes", "verify", "river", "--json").out)
    assert found["schema"] == 1
    modules = found["modes"]["river"]["modules"]
    assert len(modules) == 60
    assert all(0 < one["relative"] < 1 and one["effective_rank"] < 3 for one in modules)


def test_a_file_that_is_no_tensors_is_refused(imported: Program) -> None:
    (imported.data / "subspace" / "v2" / "extra.pkl").write_bytes(b"x")
    said = imported.run("modes", "verify")
    assert said.code == 5
    assert "files that are no tensors of ours: extra.pkl" in said.err


def test_a_damaged_file_and_an_unknown_name_are_told(imported: Program) -> None:
    assert imported.run("modes", "verify", "lake").code == 1
    file = imported.data / "subspace" / "v2" / "river.mode.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    said = imported.run("modes", "verify")
    assert said.code == 5
    assert "is damaged" in said.err


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4MB", 4_000_000),
        ("512KiB", 524_288),
        ("1.5 mb", 1_500_000),
        ("700", 700),
        ("9b", 9),
        ("2GiB", 2**31),
    ],
)
def test_sizes_are_read_as_they_are_written(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-4MB", "0", "4 XB", "4MBs", "nan"])
def test_what_is_no_size_says_how_one_is_written(text: str) -> None:
    with pytest.raises(BadSize, match="write it as 4MB, 512KiB or a number of bytes above 0"):
        parse_size(text)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    built = build({"one": adapter(1), "two": adapter(2)}, "base", tolerance=0.0)
    library = Library(tmp_path / "subspace")
    library.save(Shelved(built.basis, built.modes, {"imported": {"one": "here"}}))
    return library


def size(library: Library) -> int:
    found = library.load()
    return total_bytes(found.basis, found.modes)


def test_compacting_fits_the_budget_and_says_what_it_cost(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    before = size(library)
    compact_modes(before // 2, library.folder)
    assert size(library) <= before // 2
    said = capsys.readouterr().out
    assert f"{before:,} bytes before, {size(library):,} after, as v2" in said
    assert "one: largest error 0." in said
    notes = library.load().notes
    assert notes["imported"] == {"one": "here"}
    assert 0 < notes["compacted"]["one"]["worst"] < 1
    compact_modes(size(library) // 2, library.folder)
    later = library.load().notes["compacted"]["one"]
    assert later["accumulated"] > later["worst"], "what was lost before is lost still"


def test_a_mode_that_came_while_the_gate_asked_is_not_compacted_away(library: Library) -> None:
    def slow(_old: Shelved, _new: Shelved) -> None:
        take(library, library.load(), "three", adapter(3), {"trained": {}})

    with pytest.raises(LibraryError, match=r"v2 is current, .*run the same command again"):
        compact_modes(size(library) // 2, library.folder, lambda: slow)
    assert list(library.load().modes) == ["one", "two", "three"]


def test_what_fits_already_stays(library: Library) -> None:
    compact_modes(10**9, library.folder)
    assert library.current() == "v1"


def test_without_modes_of_ones_own_there_is_nothing_to_compact_and_it_says_when_there_is(
    program: Program,
) -> None:
    refused = program.run("modes", "compact", "--budget", "5MB")
    assert [refused.code, refused.out] == [1, ""]
    assert "no modes of your own to compact" in refused.err
    assert "tui modes train, grow or import" in refused.err
    assert program.run("modes", "verify").out.count("verified") == 4


def test_a_budget_that_nothing_fits_is_refused(library: Library) -> None:
    with pytest.raises(Refused, match="a budget of 100 bytes is too small for 2 modes"):
        compact_modes(100, library.folder)
    assert library.current() == "v1"


def test_an_objection_of_the_gate_raises_the_rank_and_at_last_refuses(library: Library) -> None:
    tried: list[int] = []

    def never(_old: Shelved, new: Shelved) -> str:
        tried.append(total_bytes(new.basis, new.modes))
        return "legal lost 7 points"

    with pytest.raises(Refused, match="not compacted, legal lost 7 points: v1 stays as it is"):
        compact_modes(size(library) // 3, library.folder, lambda: never)
    assert tried == sorted(tried)
    assert library.current() == "v1"

    def second(_old: Shelved, new: Shelved) -> str | None:
        return None if total_bytes(new.basis, new.modes) > tried[0] else "legal lost 7 points"

    compact_modes(size(library) // 3, library.folder, lambda: second)
    assert tried[0] < size(library)
    assert library.current() == "v2"


def test_an_exported_adapter_is_checked_before_another_program_gets_it(program: Program) -> None:
    folder = program.data.parent / "legal"
    assert program.run("modes", "export", "legal", str(folder)).code == 0
    meta = json.loads((folder / "adapter_meta.json").read_text())
    assert [meta["mode"], meta["verified"], meta["rank"], meta["modules"]] == ["legal", True, 20, 60]
    assert meta["trained"]["samples"] == [872, 96]
    good = program.run("modes", "verify", "--adapter", str(folder))
    assert [good.code, good.err] == [0, ""]
    assert good.out.startswith("legal: verified, 60 modules")
    assert "made for this base; its 2 files are those that were exported" in good.out
    (folder / "adapter_config.json").write_text("{}")
    bad = program.run("modes", "verify", "--adapter", str(folder))
    assert bad.code == 5
    assert "adapter_config.json is not what was exported" in bad.err
    brought = program.run("modes", "import", "law", str(folder))
    assert brought.code == 1
    assert "adapter_config.json is not what was exported" in brought.err


def test_an_adapter_from_elsewhere_is_checked_as_far_as_it_goes(program: Program, starter: Path) -> None:
    path = wrote(program, "river", BaseModel.of(starter))
    good = program.run("modes", "verify", "--adapter", str(path))
    assert good.code == 0
    assert "it does not say which base it was made for: its shapes fit this one" in good.out
    (path / "adapter_model.safetensors").write_bytes(b"")
    assert program.run("modes", "verify", "--adapter", str(path)).code == 5
    assert program.run("modes", "verify", "river", "--adapter", str(path)).code == 2
