"""Versions of the subspace on disk: whole or not there, and what worked before still works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save_file

from engine.lowrank import Coefficients, Core, delta
from modes.share import stored
from modes.share.compaction import trimmed
from modes.share.library import Library, LibraryError, Overtaken, Shelved
from modes.share.subspace import Built, build, grow
from tests.modes.share.adapters import adapter


@pytest.fixture
def built() -> Built:
    return build({"legal": adapter(1), "coding": adapter(2)}, "base" * 16)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "subspace")


def shelved(built: Built, **notes: object) -> Shelved:
    return Shelved(built.basis, built.modes, notes)


def test_an_empty_library_has_no_version(library: Library) -> None:
    assert library.versions() == ()
    assert library.current() is None
    with pytest.raises(LibraryError, match=r"no version is current \(there are: none\)"):
        library.load()


@pytest.mark.parametrize(("dtype", "kind"), [("f16", np.float16), ("f32", np.float32)])
def test_a_round_trip_is_exact_to_the_dtype(library: Library, built: Built, dtype: str, kind: type) -> None:
    assert library.save(shelved(built, seed=3), dtype) == "v1"
    found = library.load()
    assert found.basis.base == built.basis.base
    assert found.notes == {"seed": 3}
    assert list(found.modes) == ["legal", "coding"]
    for name, one in built.basis.modules.items():
        np.testing.assert_array_equal(found.basis.modules[name].up, one.up.astype(kind))
        np.testing.assert_array_equal(found.basis.modules[name].down, one.down.astype(kind))
    for mode, coefficients in built.modes.items():
        for name, core in coefficients.cores.items():
            np.testing.assert_array_equal(found.modes[mode].cores[name].left, core.left.astype(kind))


def test_factored_cores_and_padded_ones_come_back_as_they_were(library: Library, built: Built) -> None:
    basis, modes = grow(built.basis, built.modes, adapter(3))
    rng = np.random.default_rng(0)
    ranks = {name: one.rank for name, one in basis.modules.items()}
    parts = {n: [rng.standard_normal((k, 2)).astype(np.float32) for _ in "LR"] for n, k in ranks.items()}
    factored = Coefficients({name: Core(*both) for name, both in parts.items()})
    library.save(Shelved(basis, {**modes, "new": factored}), "f32")
    found = library.load()
    for name, rank in ranks.items():
        np.testing.assert_array_equal(found.modes["new"].cores[name].dense(), factored.cores[name].dense())
        np.testing.assert_array_equal(found.modes["legal"].cores[name].left, modes["legal"].cores[name].left)
        small = built.modes["legal"].cores[name].size
        assert trimmed(modes["legal"].cores[name]).size <= small < rank, "padding is not stored"


def test_versions_stand_beside_each_other_and_the_last_is_current(library: Library, built: Built) -> None:
    for number in (1, 2, 3):
        library.save(shelved(built, number=number))
    assert library.versions() == ("v1", "v2", "v3")
    assert library.current() == "v3"
    assert library.rollback() == "v2"
    assert library.load().notes["number"] == 2
    assert library.load("v3").notes["number"] == 3
    assert library.save(shelved(built, number=4)) == "v4"
    assert [library.rollback() for _ in range(2)] == ["v2", "v1"], "v4 was not made from v3"
    with pytest.raises(LibraryError, match="no version before v1"):
        library.rollback()
    assert library.current() == "v1"


def test_folders_that_are_no_versions_of_ours_are_left_alone(library: Library, built: Built) -> None:
    library.save(shelved(built, number=1))
    for name in ("v2-damaged", "vacation", "v²"):
        (library.folder / name).mkdir()
    assert library.versions() == ("v1",)
    assert library.save(shelved(built, number=2)) == "v2"


def test_a_version_that_was_moved_away_is_missed_and_the_one_before_can_be_had(
    library: Library, built: Built
) -> None:
    for number in (1, 2, 3):
        library.save(shelved(built, number=number))
    (library.folder / "v3").rename(library.folder / "aside")
    with pytest.raises(LibraryError, match=r"v3 is current and is not there: .*rollback makes v2 current"):
        library.current()
    assert library.rollback() == "v2"
    assert library.load().notes["number"] == 2


def test_where_nothing_is_left_it_is_said_how_to_begin_anew(library: Library, built: Built) -> None:
    library.save(shelved(built))
    (library.folder / "v1").rename(library.folder / "aside")
    with pytest.raises(LibraryError, match=r"move .*subspace away to begin with what is shipped"):
        library.current()


def test_what_another_process_made_meanwhile_is_not_replaced(library: Library, built: Built) -> None:
    library.save(shelved(built, number=1))
    read = library.load()
    Library(library.folder).save(shelved(built, number=2), after=read)
    with pytest.raises(
        Overtaken, match=r"v2 is current, and .* is v1 as it was read: run the same command again"
    ):
        library.save(shelved(built, number=3), after=read)
    assert (library.versions(), library.load().notes["number"]) == (("v1", "v2"), 2)


def test_a_note_that_came_meanwhile_is_not_lost_either(library: Library, built: Built) -> None:
    library.save(shelved(built, number=1))
    read = library.load()
    library.note(lambda notes: {**notes, "verified": "legal"})
    with pytest.raises(Overtaken):
        library.save(shelved(built, number=2), after=read)
    assert library.save(shelved(built, number=2), after=library.load()) == "v2"


def test_notes_are_changed_from_what_they_are_by_now(library: Library, built: Built) -> None:
    library.save(shelved(built, number=1))
    library.load()
    Library(library.folder).save(shelved(built, number=2, trained="lake"))
    library.note(lambda notes: {**notes, "verified": "legal"})
    assert library.load().notes == {"number": 2, "trained": "lake", "verified": "legal"}


@pytest.mark.parametrize("what", ["note", "rollback"])
def test_what_comes_at_the_last_moment_is_what_is_changed(
    library: Library, built: Built, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    for number in (1, 2):
        library.save(shelved(built, number=number))
    alone = Library._alone

    @contextmanager
    def late(this: Library) -> Iterator[None]:
        monkeypatch.setattr(Library, "_alone", alone)
        Library(this.folder).save(shelved(built, number=3))
        with alone(this):
            yield

    monkeypatch.setattr(Library, "_alone", late)
    if what == "note":
        library.note(lambda notes: {**notes, "verified": "legal"})
        assert library.load().notes == {"number": 3, "verified": "legal"}
    else:
        assert library.rollback() == "v2", "v3 was made from it"


def save_many(folder: Path, tag: int) -> None:
    library, built = Library(folder), build({"legal": adapter(1)}, "base" * 16)
    for _ in range(5):
        while True:
            read = library.load()
            notes = {**read.notes, f"{tag}": read.notes.get(f"{tag}", 0) + 1}
            try:
                library.save(Shelved(built.basis, built.modes, notes), after=read)
            except Overtaken:
                continue
            break


def test_of_many_that_save_at_once_none_loses_what_another_saved(library: Library, built: Built) -> None:
    library.save(shelved(built))
    spawned = get_context("spawn")
    processes = [spawned.Process(target=save_many, args=(library.folder, tag)) for tag in range(3)]
    for one in processes:
        one.start()
    for one in processes:
        one.join(60)
    assert library.load().notes == {"0": 5, "1": 5, "2": 5}
    assert library.current() == "v16"


FULL = OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("where", "full"),
    [
        ("save_file", SafetensorError(FULL.strerror)),
        ("save_file", FULL),
        ("synced", FULL),
        ("pointer", FULL),
    ],
)
def test_a_save_that_dies_half_way_leaves_what_was_current(
    library: Library, built: Built, monkeypatch: pytest.MonkeyPatch, where: str, full: Exception
) -> None:
    library.save(shelved(built, number=1))

    def dead(*_: object, **__: object) -> None:
        raise full

    if where == "pointer":
        monkeypatch.setattr(Library, "_point", dead)
    else:
        monkeypatch.setattr(stored, where, dead)
    with pytest.raises(
        LibraryError, match=r"cannot be written \(No space left on device\): v1 stays current"
    ):
        library.save(shelved(built, number=2))
    monkeypatch.undo()
    assert (library.versions(), library.load().notes["number"]) == (("v1",), 1)
    assert not [path for path in Path(library._folder).iterdir() if path.name.startswith(".")]
    library.save(shelved(built, number=3))
    assert library.load().notes["number"] == 3


@pytest.mark.parametrize("damage", ["cut tensors", "no mode", "not JSON", "another schema", "not finite"])
def test_a_damaged_version_is_refused_and_the_one_before_still_works(
    library: Library, built: Built, damage: str
) -> None:
    library.save(shelved(built, number=1))
    library.save(shelved(built, number=2))
    folder = Path(library._folder) / "v2"
    about = folder / "subspace.json"
    if damage == "cut tensors":
        (folder / "basis.safetensors").write_bytes((folder / "basis.safetensors").read_bytes()[:500])
    elif damage == "no mode":
        (folder / "legal.mode.safetensors").unlink()
    elif damage == "not JSON":
        about.write_text("{")
    elif damage == "another schema":
        about.write_text(json.dumps(json.loads(about.read_text()) | {"schema": 99}))
    else:
        name = next(iter(built.basis.modules))
        save_file({f"{name}.core": np.full((2, 2), np.nan, np.float16)}, folder / "legal.mode.safetensors")
    with pytest.raises(LibraryError, match=r"v2 is damaged .*: tui modes rollback goes back to v1"):
        library.load()
    assert library.rollback() == "v1"
    assert library.load().notes["number"] == 1


def test_what_is_kept_is_private_and_holds_tensors_only(library: Library, built: Built) -> None:
    library.save(shelved(built))
    files = [path for path in Path(library._folder).rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.suffix for path in files} == {"", ".json", ".safetensors"}


def test_half_precision_moves_a_change_by_no_more_than_its_rounding(library: Library, built: Built) -> None:
    library.save(shelved(built))
    found = library.load()
    for mode, coefficients in built.modes.items():
        for name, core in coefficients.cores.items():
            before = delta(built.basis.modules[name], core)
            after = delta(found.basis.modules[name], found.modes[mode].cores[name])
            assert np.linalg.norm(after - before) / np.linalg.norm(before) < 2e-3
